using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Fleet.Migrations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Runs;

namespace Runbooks.Activities.Migration;

/// <summary>Makes the record of a migration out of the steps of its run. Pure.</summary>
internal static class MigrationStory
{
    private const double MiB = 1024 * 1024;

    /// <summary>The hypervisor of a host whose case nobody has written down.</summary>
    private const string UsualHypervisor = "kvm";

    /// <returns>Null when too little is known for a case: not even the VM's memory, or the bandwidth.</returns>
    public static MigrationRecord? Tell(MigrationEnd end, Run? run, IReadOnlyList<ActivityExecution> steps)
    {
        var own = steps.Where(s => Text(s.Inputs, "Vm") is not { } vm || string.Equals(vm, end.Route.Vm.Value, StringComparison.Ordinal)).ToList();
        var chosen = own.FindLast(s => Is(s, "ChooseMode"));
        var known = WithBandwidth(Read<MigrationCase>(chosen?.Outputs["Case"]), own.FindLast(s => Is(s, "PreCopy")));
        if ((known ?? FromStages(end, own, chosen)) is not { } migration)
        {
            return null;
        }

        return new MigrationRecord(
            end.Run.ToString(),
            end.Route.Vm,
            end.Route.Source,
            end.Route.Destination,
            end.At,
            migration,
            Read<MigrationForecast>(chosen?.Outputs["Forecast"]) ?? Foretold(chosen),
            end.Outcome)
        {
            Time = end.Figures?.Elapsed,
            Downtime = end.Figures?.Downtime,
            SentMiB = end.Figures?.SentBytes / MiB,
            Rounds = end.Figures?.Rounds,
            FirstRoundMiB = end.Figures is { TotalBytes: { } total, ZeroBytes: { } zero } && total > zero ? (total - zero) / MiB : null,
            RunTime = (run?.StartedAt ?? run?.CreatedAt) is { } began && end.At > began ? end.At - began : null,
        };
    }

    /// <summary>The turn gives a copy its bandwidth after the choice of its mode: what it started with is what its time depends on.</summary>
    private static MigrationCase? WithBandwidth(MigrationCase? known, ActivityExecution? copy) =>
        known is not null && Positive(copy?.Inputs, "BandwidthMiBs") is { } given ? known with { BandwidthMiBs = given } : known;

    /// <summary>Without a written case: what the choice of the mode and the stages were told, and what the copy showed.</summary>
    private static MigrationCase? FromStages(MigrationEnd end, List<ActivityExecution> steps, ActivityExecution? chosen)
    {
        var copy = steps.FindLast(s => Is(s, "PreCopy"));
        var memory = Number(chosen?.Inputs, "MemoryMiB") ?? Number(steps.FindLast(s => Is(s, "CheckMigration"))?.Outputs, "MemoryMiB") ?? end.Figures?.TotalBytes / MiB;
        var bandwidth = Positive(copy?.Inputs, "BandwidthMiBs") ?? Positive(chosen?.Inputs, "BandwidthMiBs") ?? Positive(chosen?.Inputs, "LinkMiBs") ?? Positive(copy?.Progress, "bandwidthBytesPerSecond") / MiB;
        return copy is null || memory is not > 0 || bandwidth is not > 0
            ? null
            : new MigrationCase(UsualHypervisor, ModeOf(chosen), memory.Value, bandwidth.Value)
            {
                DirtyMiBs = Number(chosen?.Outputs, "DirtyMiBs") ?? (Number(copy.Progress, "dirtyBytesPerSecond") / MiB),
                MaxDowntime = TimeSpan.FromMilliseconds(Number(copy.Inputs, "MaxDowntimeMs") ?? 300),
                MaxRounds = (int)Math.Max(1, Number(copy.Inputs, "MaxRounds") ?? 29),
                MaxDataFactor = Positive(copy.Inputs, "MaxDataFactor") ?? 3,
                DirtyThresholdMiB = Math.Max(0, Number(copy.Inputs, "DirtyThresholdMiB") ?? 0),
            };
    }

    /// <summary>Without a written forecast: the figures that the choice of the mode gave.</summary>
    private static MigrationForecast? Foretold(ActivityExecution? chosen) =>
        Positive(chosen?.Outputs, "PredictedSeconds") is { } seconds
            ? new MigrationForecast(
                TimeSpan.FromSeconds(seconds),
                TimeSpan.FromMilliseconds(Number(chosen!.Outputs, "PredictedDowntimeMs") ?? 0),
                Number(chosen.Outputs, "PredictedMiB") ?? 0,
                (int)(Number(chosen.Outputs, "PredictedRounds") ?? 0),
                chosen.Outputs["WillConverge"]?.GetValueKind() != JsonValueKind.False)
            : null;

    private static MigrationMode ModeOf(ActivityExecution? chosen) =>
        chosen is not null && Enum.TryParse(Text(chosen.Outputs, "Mode"), out MigrationMode mode) && Enum.IsDefined(mode) ? mode : MigrationMode.PreCopy;

    private static bool Is(ActivityExecution step, string name) => step.ActivityType.EndsWith("." + name, StringComparison.Ordinal);

    private static string? Text(JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static double? Positive(JsonObject? json, string name) => Number(json, name) is { } number and > 0 ? number : null;

    /// <summary>Through text: a node that was made from a whole number does not give a broken one.</summary>
    private static double? Number(JsonObject? json, string name) =>
        json?[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number ? double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture) : null;

    /// <summary>Null when it is not there or can't be read: a definition may put anything into an output.</summary>
    private static T? Read<T>(JsonNode? json)
        where T : class
    {
        try
        {
            return json switch
            {
                JsonObject written => MigrationText.Read<T>(written.ToJsonString()),
                JsonValue value when value.TryGetValue<string>(out var text) => MigrationText.Read<T>(text),
                _ => null,
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
