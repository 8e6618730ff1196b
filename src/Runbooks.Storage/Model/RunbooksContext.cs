using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Runbooks.Fleet.History;
using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Storage.Runs;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Model;

/// <summary>
/// The model for reading: the domain's own types over the tables that the migrations make. Never written through; a test
/// proves that model and schema agree.
/// </summary>
internal sealed class RunbooksContext(DbContextOptions<RunbooksContext> options) : DbContext(options)
{
    /// <summary>Columns that the domain's types do not have.</summary>
    public const string Ordinal = "Ordinal";
    public const string OwningRun = "RunId";

    public DbSet<StoredDefinition> Definitions => Set<StoredDefinition>();

    public DbSet<LibraryRow> Library => Set<LibraryRow>();

    public DbSet<KeptDraftRow> KeptDrafts => Set<KeptDraftRow>();

    public DbSet<Run> Runs => Set<Run>();

    public DbSet<ActivityExecution> Executions => Set<ActivityExecution>();

    public DbSet<JournalEntry> Journal => Set<JournalEntry>();

    public DbSet<Reservation> Reservations => Set<Reservation>();

    public DbSet<HostModeEntry> HostModes => Set<HostModeEntry>();

    public DbSet<HostSample> HostSamples => Set<HostSample>();

    public DbSet<VmSample> VmSamples => Set<VmSample>();

    public DbSet<MigrationRecord> MigrationRecords => Set<MigrationRecord>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<JsonObject>().HaveConversion<JsonObjectText, ByReference<JsonObject>>().HaveColumnType("json");
        configurationBuilder.Properties<JsonNode>().HaveConversion<JsonNodeText, ByReference<JsonNode>>().HaveColumnType("json");
        configurationBuilder.Properties<List<UndoPass>>().HaveConversion<PassesText, ByReference<List<UndoPass>>>().HaveColumnType("json");
        configurationBuilder.Properties<RunTrigger>().HaveConversion<TriggerText, ByReference<RunTrigger>>().HaveColumnType("json");
        configurationBuilder.Properties<MigrationCase>().HaveConversion<CaseText, ByReference<MigrationCase>>().HaveColumnType("json");
        configurationBuilder.Properties<MigrationForecast>().HaveConversion<ForecastText, ByReference<MigrationForecast>>().HaveColumnType("json");
        configurationBuilder.Properties<RunId>().HaveConversion<RunIdValue>();
        configurationBuilder.Properties<HostName>().HaveConversion<HostNameText>();
        configurationBuilder.Properties<VmName>().HaveConversion<VmNameText>();
        foreach (var type in new[] { typeof(RunStatus), typeof(ActivityStatus), typeof(EffectState), typeof(UndoState), typeof(StimulusKind), typeof(HandlerRole), typeof(ActivationStrategy), typeof(HostMode), typeof(MigrationOutcome) })
        {
            configurationBuilder.Properties(type).HaveConversion<string>();
        }
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema("runbooks");
        modelBuilder.Entity<StoredDefinition>().ToTable("definitions").HasKey(d => new { d.DefinitionId, d.Version });
        modelBuilder.Entity<StoredDefinition>().Property<int[]?>("Product");
        modelBuilder.Entity<LibraryRow>().ToTable("library").HasKey(l => l.DefinitionId);
        modelBuilder.Entity<KeptDraftRow>().ToTable("draft_revisions").HasKey(d => new { d.DefinitionId, d.Revision });
        Configure(modelBuilder.Entity<Run>());
        ConfigureOwned<ActivityExecution>(modelBuilder, "executions", nameof(ActivityExecution.Number));
        ConfigureOwned<JournalEntry>(modelBuilder, "journal", nameof(JournalEntry.Sequence));
        modelBuilder.Entity<Bookmark>().ToTable("bookmarks").HasKey(b => b.Id);
        modelBuilder.Entity<Bookmark>().Property<RunId>(OwningRun);
        modelBuilder.Entity<Stimulus>().ToTable("stimuli").HasKey(s => new { s.RunId, s.Id });
        modelBuilder.Entity<Stimulus>().Property<long>(Ordinal);
        modelBuilder.Entity<Stimulus>().Property<DateTimeOffset?>("SettledAt");
        modelBuilder.Entity<Reservation>().ToTable("reservations").HasKey(r => r.Vm);
        modelBuilder.Entity<HostModeEntry>().ToTable("host_modes").HasKey(m => m.Host);
        modelBuilder.Entity<HostSample>().ToTable("host_samples").HasKey(s => new { s.Host, s.At });
        modelBuilder.Entity<VmSample>().ToTable("vm_samples").HasKey(s => new { s.Vm, s.At });
        modelBuilder.Entity<MigrationRecord>().ToTable("migration_records").HasKey(m => new { m.Run, m.Vm });
        foreach (var property in modelBuilder.Model.GetEntityTypes().SelectMany(e => e.GetProperties()))
        {
            property.SetColumnName(ColumnName(property.Name));
        }
    }

    private static void Configure(EntityTypeBuilder<Run> run)
    {
        run.ToTable("runs").HasKey(r => r.Id);
        run.Property(r => r.DefinitionVersion).HasConversion(version => version, written => DryRunFence.Read(written));
        run.Property<long>(Ordinal);
        run.Property<string?>("Owner");
        run.Property<long>("Generation");
        run.Property<DateTimeOffset?>("LeaseUntil");
        run.Property<long?>("LastResultNumber");
        run.Property<long?>("LastResultOrder");
    }

    private static void ConfigureOwned<T>(ModelBuilder modelBuilder, string table, string number)
        where T : class
    {
        var entity = modelBuilder.Entity<T>().ToTable(table);
        entity.Property<RunId>(OwningRun);
        entity.HasKey(OwningRun, number);
    }

    /// <summary><c>MemoryUsedMiB</c> becomes <c>memory_used_mib</c>.</summary>
    internal static string ColumnName(string property)
    {
        var name = property.Replace("MiB", "Mib", StringComparison.Ordinal);
        return string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "_" : string.Empty) + char.ToLowerInvariant(c) : c.ToString()));
    }

    private sealed class JsonObjectText() : ValueConverter<JsonObject, string>(json => json.ToJsonString(null), text => JsonNode.Parse(text, null, default)!.AsObject());

    private sealed class JsonNodeText() : ValueConverter<JsonNode, string>(json => json.ToJsonString(null), text => JsonNode.Parse(text, null, default)!);

    private sealed class PassesText() : ValueConverter<List<UndoPass>, string>(
        passes => JsonSerializer.Serialize(passes, JsonSerializerOptions.Default), text => JsonSerializer.Deserialize<List<UndoPass>>(text, JsonSerializerOptions.Default)!);

    private sealed class TriggerText() : ValueConverter<RunTrigger, string>(
        trigger => JsonSerializer.Serialize(trigger, JsonSerializerOptions.Default), text => JsonSerializer.Deserialize<RunTrigger>(text, JsonSerializerOptions.Default)!);

    private sealed class CaseText() : ValueConverter<MigrationCase, string>(value => MigrationText.Write(value), text => MigrationText.Read<MigrationCase>(text));

    private sealed class ForecastText() : ValueConverter<MigrationForecast, string>(value => MigrationText.Write(value), text => MigrationText.Read<MigrationForecast>(text));

    private sealed class RunIdValue() : ValueConverter<RunId, Guid>(id => id.Value, value => new RunId(value));

    private sealed class HostNameText() : ValueConverter<HostName, string>(name => name.Value, text => new HostName(text));

    private sealed class VmNameText() : ValueConverter<VmName, string>(name => name.Value, text => new VmName(text));

    /// <summary>What is read is never tracked, so that nothing is ever compared.</summary>
    private sealed class ByReference<T>() : ValueComparer<T>((a, b) => ReferenceEquals(a, b), value => value.GetHashCode())
        where T : class;
}
