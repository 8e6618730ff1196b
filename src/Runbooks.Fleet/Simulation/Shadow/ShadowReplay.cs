using System.Collections.Immutable;
using Runbooks.Fleet.History;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Policies;
using Runbooks.Fleet.Simulation.Traces;

namespace Runbooks.Fleet.Simulation.Shadow;

/// <summary>A host of the replay: its size and what it draws.</summary>
public sealed record ShadowHost(HostName Name, double Cpus, double MemoryMb, Energy.PowerCurve Power);

/// <summary>A VM of the replay: its size, and the host that it was on when the history begins.</summary>
public sealed record ShadowVm(VmName Name, double Vcpus, double MemoryMb, HostName Host);

/// <summary>What two policies would have done with the same history.</summary>
/// <param name="A">The one that is used.</param>
/// <param name="B">The one that is looked at.</param>
/// <param name="Samples">Moments that were replayed.</param>
/// <param name="FilledShare">Share of the loads that had no sample and were taken from the sample before, or the first one, 0 to 1.</param>
public sealed record ShadowComparison(SimulationResult A, SimulationResult B, int Samples, double FilledShare)
{
    /// <summary>Energy that B would have saved, kWh; negative when it would have used more.</summary>
    public double SavedKwh => A.EnergyKwh - B.EnergyKwh;

    /// <summary>Migrations that B would have made beyond those of A.</summary>
    public int MoreMigrations => B.Migrations - A.Migrations;

    /// <summary>Points of overload time that B would have added, per cent of active host time.</summary>
    public double MoreOverloadPct => B.SlatahPct - A.SlatahPct;

    /// <summary>Points of lacking CPU that B would have added, per cent of what was asked for.</summary>
    public double MoreUnservedPct => B.UnservedCpuPct - A.UnservedCpuPct;
}

/// <summary>Replays recorded loads of our own VMs under two policies before one of them is switched on.</summary>
public static class ShadowReplay
{
    private const double MipsPerCpu = 1000;

    /// <param name="hosts">The hosts, in use or not.</param>
    /// <param name="vms">The VMs; all of them run through the whole replay.</param>
    /// <param name="samples">Their recorded loads, in any order.</param>
    /// <param name="step">Time between decisions; of several samples in one step the last counts.</param>
    /// <param name="physics">Bandwidth, degradation and the like; its hosts and sizes are not used.</param>
    /// <param name="switchOn">What it takes to switch a host on.</param>
    /// <param name="a">The policy that is used.</param>
    /// <param name="b">The policy that is looked at.</param>
    /// <param name="clock">Measures the time that decisions take; nothing else depends on it.</param>
    /// <exception cref="SimulationException">A VM has no sample or an unknown host, or the history is shorter than two steps.</exception>
    public static ShadowComparison Compare(
        IReadOnlyList<ShadowHost> hosts,
        IReadOnlyList<ShadowVm> vms,
        IReadOnlyList<VmSample> samples,
        TimeSpan step,
        ClusterSetup physics,
        SwitchOn switchOn,
        Func<IClusterPolicy> a,
        Func<IClusterPolicy> b,
        TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        ArgumentNullException.ThrowIfNull(vms);
        ArgumentNullException.ThrowIfNull(physics);
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (vms.Count == 0 || hosts.Count == 0)
        {
            throw new SimulationException("A replay needs a host and a VM at least.");
        }

        var (trace, filled) = HistoryTrace.Of([.. vms.Select(v => v.Name)], samples, step);
        var index = hosts.Select((h, i) => (h.Name, i)).ToDictionary(x => x.Name, x => x.i);
        int[] start = [.. vms.Select(v => index.TryGetValue(v.Host, out var h)
            ? h
            : throw new SimulationException($"VM {v.Name} was on host {v.Host}, which is not among the hosts of the replay; add it."))];

        // One fast core per host: how a VM's vCPUs share cores is the hypervisor's business. Memory differs by host, and is
        // held by giving every host the same limit only when all are alike; the least is on the safe side.
        var setup = physics with
        {
            Hosts = hosts.Count,
            Models = [.. hosts.Select(h => new HostModel(h.Name.Value, 1, h.Cpus * MipsPerCpu, h.MemoryMb, h.MemoryMb, h.Power))],
            Sizes = [.. vms.Select(v => new VmSize(v.Vcpus * MipsPerCpu, v.MemoryMb))],
            StepSeconds = step.TotalSeconds,
        };
        var ram = hosts.Min(h => h.MemoryMb);
        SimulationResult Play(Func<IClusterPolicy> policy) => new ClusterSimulator(setup, trace, ram, switchOn, clock).Run(new FromHere(policy(), start));
        return new ShadowComparison(Play(a), Play(b), trace.Samples, filled);
    }

    /// <summary>A policy that takes over a fleet as it is.</summary>
    private sealed class FromHere(IClusterPolicy policy, int[] start) : IClusterPolicy
    {
        public int[] Place(ClusterView cluster) => start;

        public Decision Decide(ClusterView cluster) => policy.Decide(cluster);
    }
}
