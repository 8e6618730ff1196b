using System.Text.Json.Nodes;
using Runbooks.Fleet.Migrations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>
/// Stage 0, second part: foretells the migration and chooses how memory is sent, and says why. A migration that can't end
/// well is refused here, before anything is touched.
/// </summary>
[Activity("Runbooks", "Runbooks: Migration", "Stage 0. Foretells the migration, chooses how memory is sent and says why; refuses one that can't end well.", DisplayName = "Choose mode")]
public sealed class ChooseMode : ReadActivity
{
    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it runs on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it goes to.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "Its memory, MiB.", Required = true, DisplayName = "Memory, MiB")]
    public Input<int> MemoryMiB { get; } = new();

    [Input(Description = "Auto, or the mode to use: PreCopy, PostCopy, Hybrid, Compressed, Parallel, Stopped.", DefaultValue = "Auto", DisplayName = "Wanted mode")]
    public Input<string> WantedMode { get; } = new();

    [Input(Description = "Critical: the VM is never migrated by post-copy, which a lost connection would not survive.", DefaultValue = "normal")]
    public Input<string> Criticality { get; } = new();

    [Input(Description = "Most MiB per second on the wire; 0: no limit.", DefaultValue = 0, DisplayName = "Bandwidth, MiB/s")]
    public Input<int> BandwidthMiBs { get; } = new();

    [Input(Description = "What the way between the hosts carries when no limit is set and the fleet file does not tell, MiB per second; 0: UsualMiBs in section Migrations of the settings.", DefaultValue = 0, DisplayName = "Link, MiB/s")]
    public Input<int> LinkMiBs { get; } = new();

    [Input(Description = "How long the guest may stand still, ms.", DefaultValue = 300, DisplayName = "Longest downtime, ms")]
    public Input<int> MaxDowntimeMs { get; } = new();

    [Input(Description = "What the longest downtime may be raised to when the copy does not converge, ms.", DefaultValue = 1000, DisplayName = "Downtime ceiling, ms")]
    public Input<int> DowntimeCeilingMs { get; } = new();

    [Input(Description = "What may be tried when the copy does not converge: RaiseDowntime, MoreBandwidth, AutoConverge, PostCopy, Suspend, Abort. Empty: RaiseDowntime, Abort.", UiHint = "multitext", DisplayName = "When it does not converge")]
    public Input<string[]> OnNoConvergence { get; } = new();

    [Input(Description = "Longest time of the copy.", DefaultValue = "00:10:00", DisplayName = "Time limit of the copying")]
    public Input<TimeSpan> PreCopyTimeLimit { get; } = new();

    [Output(Description = "How memory is sent.")]
    public Output<string> Mode { get; } = new();

    [Output(Description = "Why, in sentences with the numbers.")]
    public Output<string> Explanation { get; } = new();

    [Output(Description = "The migration is expected to take so long, s.")]
    public Output<double> PredictedSeconds { get; } = new();

    [Output(Description = "The guest is expected to stand still for so long, ms.")]
    public Output<double> PredictedDowntimeMs { get; } = new();

    [Output(Description = "Data that is expected on the wire, MiB.")]
    public Output<double> PredictedMiB { get; } = new();

    [Output(Description = "The copy is expected to end by itself, within the longest downtime.")]
    public Output<bool> WillConverge { get; } = new();

    [Output(Description = "All that was known of the migration before it started; its record keeps it.")]
    public Output<JsonNode> Case { get; } = new();

    [Output(Description = "All that was foretold; its record keeps it beside what is measured.")]
    public Output<JsonNode> Forecast { get; } = new();

    [Output(Description = "How fast the guest writes, MiB per second: measured, or seen when it was moved within the last hour. Null when not known, because the copy is too short to measure first or the hypervisor can't.")]
    public Output<double?> DirtyMiBs { get; } = new();

    [Output(Description = "Nothing will have to be decided during the copy, so the hypervisor may switch over by itself: false. Else the switch-over is held.")]
    public Output<bool> Hold { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new EffectResult.Failed(problem!);
        }

        var wrongMode = MigrationModes.TryRead(context.Get(WantedMode), out var wish);
        var wrongCriticality = MigrationModes.TryReadCriticality(context.Get(Criticality), out var criticality);
        var wrongMeasure = ConvergencePolicy.TryReadMeasures(context.Get(OnNoConvergence), out var measures);
        if ((wrongMode ?? wrongCriticality ?? wrongMeasure) is { } wrong)
        {
            return new EffectResult.Failed(wrong);
        }

        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        var features = hosts.Hypervisor(route.Source).Features & hosts.Hypervisor(route.Destination).Features;
        if (wish is { } wished && MigrationModes.WhyNot(wished, features, criticality) is { } impossible)
        {
            return new EffectResult.Failed($"VM {route.Vm} can't be migrated by {wished}: {impossible}");
        }

        if (context.Get(PreCopyTimeLimit) is var timeLimit && timeLimit <= TimeSpan.Zero)
        {
            return new EffectResult.Failed($"The time limit of the copying is {timeLimit}; it must be above zero.");
        }

        var forecaster = (IMigrationForecaster?)context.Services.GetService(typeof(IMigrationForecaster)) ?? new PreCopyModel();
        var order = new MigrationOrder(
            Math.Max(1, context.Get(MemoryMiB)),
            context.Get(BandwidthMiBs) is var limit and > 0 ? limit : null,
            context.Get(LinkMiBs) is var link and > 0 ? link : null,
            TimeSpan.FromMilliseconds(context.Get(MaxDowntimeMs)),
            timeLimit);
        var (migration, how) = await new MigrationSurvey(context, route, forecaster).LookAsync(order, features.HasFlag(HypervisorFeatures.DirtyRate));
        var question = new ModeQuestion(migration, criticality, wish is { } one ? [one] : MigrationModes.Possible(features), measures)
        {
            DowntimeCeiling = TimeSpan.FromMilliseconds(context.Get(DowntimeCeilingMs)),
            TimeLimit = timeLimit,
            HowWritesAreKnown = how,
        };
        var answer = wish is { } asked ? ModeChoice.Follow(question, asked, forecaster) : ModeChoice.Choose(question, forecaster);
        return answer.Mode is { } mode
            ? new EffectResult.Done(Tell(mode, answer, migration))
            : new EffectResult.Failed($"VM {route.Vm} is not migrated, and nothing was touched. {answer.Explanation}");
    }

    private static JsonObject Tell(MigrationMode mode, ModeAnswer answer, MigrationCase migration) => new()
    {
        [nameof(Mode)] = mode.ToString(),
        [nameof(Case)] = JsonNode.Parse(MigrationText.Write(migration with { Mode = mode })),
        [nameof(Forecast)] = JsonNode.Parse(MigrationText.Write(answer.Forecast)),
        [nameof(Explanation)] = answer.Explanation,
        [nameof(PredictedSeconds)] = Math.Round(answer.Forecast.Time.TotalSeconds, 2),
        [nameof(PredictedDowntimeMs)] = Math.Round(answer.Forecast.Downtime.TotalMilliseconds),
        [nameof(PredictedMiB)] = Math.Round(answer.Forecast.SentMiB, 1),
        [nameof(WillConverge)] = answer.Forecast.Converges,
        [nameof(DirtyMiBs)] = migration.DirtyMiBs is { } dirty ? Math.Round(dirty, 1) : null,
        [nameof(Hold)] = !answer.Forecast.Converges || mode is MigrationMode.PostCopy or MigrationMode.Hybrid,
    };
}
