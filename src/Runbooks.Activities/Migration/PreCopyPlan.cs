using Runbooks.Fleet.Migrations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>What a copy is to be: read once from the step's inputs and the two hosts, and the same after a restart.</summary>
/// <param name="Mode">How memory is sent.</param>
/// <param name="Conditions">When it ends.</param>
/// <param name="Policy">What happens when it does not converge.</param>
/// <param name="Skipped">Measures that can't be taken here, in sentences.</param>
/// <param name="Request">How it is started.</param>
internal sealed record PreCopyPlan(MigrationMode Mode, StopConditions Conditions, ConvergencePolicy Policy, IReadOnlyList<string> Skipped, MigrationRequest Request)
{
    /// <summary>What happens when a host is lost whose copy of the VM is in doubt.</summary>
    public HostLossPolicy WhenHostIsLost { get; init; }

    /// <summary>More than any wire carries: no ceiling.</summary>
    private const int NoCeilingMiBs = 1_000_000;

    /// <summary>Connections of a parallel copy: what a migration may take of a host's CPUs without being felt.</summary>
    private const int Connections = 4;

    /// <summary>Reads the plan, or says what is wrong with it.</summary>
    public static (PreCopyPlan? Plan, string? Problem) Read(EffectContext context, PreCopy step, MigrationRoute route)
    {
        if (MigrationModes.TryRead(context.Get(step.Mode), out var mode) is { } wrongMode)
        {
            return (null, wrongMode);
        }

        if (MigrationModes.TryReadCriticality(context.Get(step.Criticality), out var criticality) is { } wrongCriticality)
        {
            return (null, wrongCriticality);
        }

        if (ConvergencePolicy.TryReadMeasures(context.Get(step.OnNoConvergence), out var measures) is { } wrongMeasure)
        {
            return (null, wrongMeasure);
        }

        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        var features = hosts.Hypervisor(route.Source).Features & hosts.Hypervisor(route.Destination).Features;
        if (MigrationModes.WhyNot(mode ?? MigrationMode.PreCopy, features, criticality) is { } impossible)
        {
            return (null, $"VM {route.Vm} can't be migrated like that: {impossible}");
        }

        return (Make(context, step, route, mode ?? MigrationMode.PreCopy, criticality, measures, features), null);
    }

    private static PreCopyPlan Make(EffectContext context, PreCopy step, MigrationRoute route, MigrationMode mode, Criticality criticality, IReadOnlyList<ConvergenceMeasure> measures, HypervisorFeatures features)
    {
        var downtime = TimeSpan.FromMilliseconds(context.Get(step.MaxDowntimeMs));
        int? bandwidth = context.Get(step.BandwidthMiBs) is var limit and > 0 ? limit : null;
        var (policy, skipped) = new ConvergencePolicy
        {
            Measures = measures,
            MaxDowntime = downtime,
            DowntimeCeiling = TimeSpan.FromMilliseconds(Math.Max(context.Get(step.DowntimeCeilingMs), context.Get(step.MaxDowntimeMs))),
            BandwidthCeilingMiBs = context.Get(step.BandwidthCeilingMiBs) is var ceiling and > 0 ? ceiling : NoCeilingMiBs,
        }.Without(measure => WhyNot(measure, features, criticality, bandwidth));
        var conditions = new StopConditions
        {
            DirtyThresholdBytes = context.Get(step.DirtyThresholdMiB) * 1024L * 1024,
            MaxDowntime = downtime,
            MaxRounds = context.Get(step.MaxRounds),
            MaxDataFactor = context.Get(step.MaxDataFactor),
            TimeLimit = context.Get(step.PreCopyTimeLimit),
        };
        var postCopy = mode is MigrationMode.PostCopy or MigrationMode.Hybrid;
        var request = new MigrationRequest(route.Vm, route.Destination, bandwidth, context.Get(step.Hold) && mode != MigrationMode.Stopped)
        {
            MaxDowntime = downtime,
            AllowPostCopy = postCopy || policy.Measures.Contains(ConvergenceMeasure.PostCopy),
            PostCopyBandwidthMiBs = bandwidth,
            Compressed = mode == MigrationMode.Compressed,
            Connections = mode == MigrationMode.Parallel ? Connections : 1,
            AutoConverge = policy.Measures.Contains(ConvergenceMeasure.AutoConverge) ? new AutoConverge() : null,
            Stopped = mode == MigrationMode.Stopped,
        };
        return new PreCopyPlan(mode, conditions, policy, skipped, request) { WhenHostIsLost = context.Get(step.WhenHostIsLost) };
    }

    private static string? WhyNot(ConvergenceMeasure measure, HypervisorFeatures features, Criticality criticality, int? bandwidth) => measure switch
    {
        ConvergenceMeasure.RaiseDowntime when !features.HasFlag(HypervisorFeatures.HoldSwitchOver) => "the hypervisor can't be told how long the guest may stand still.",
        ConvergenceMeasure.MoreBandwidth when !features.HasFlag(HypervisorFeatures.BandwidthLimit) => "the hypervisor can't change the bandwidth of a copy.",
        ConvergenceMeasure.MoreBandwidth when bandwidth is null => "the copy has no limit that could be raised.",
        ConvergenceMeasure.AutoConverge when !features.HasFlag(HypervisorFeatures.AutoConverge) => "the hypervisor can't slow a guest down.",
        ConvergenceMeasure.PostCopy => MigrationModes.WhyNot(MigrationMode.PostCopy, features, criticality),
        _ => null,
    };
}
