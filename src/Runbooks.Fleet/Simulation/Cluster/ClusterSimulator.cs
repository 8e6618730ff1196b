using System.Runtime.InteropServices;
using Runbooks.Fleet.Simulation.Policies;
using Runbooks.Fleet.Simulation.Traces;

namespace Runbooks.Fleet.Simulation.Cluster;

/// <summary>
/// Replays a trace on simulated hosts under a policy. Loads run in straight lines from sample to sample; a policy decides at
/// each sample but the first; a migration takes its memory over the bandwidth, during which the VM gets less CPU and its
/// destination carries a part of it.
/// </summary>
/// <param name="setup">The machines.</param>
/// <param name="trace">Loads of the VMs.</param>
/// <param name="ramMb">Memory of each host that is never exceeded, MB; null: a limit for the first placement alone.</param>
/// <param name="switchOn">What it takes to switch a host on.</param>
/// <param name="clock">Measures the time that decisions take; nothing else depends on it.</param>
public sealed class ClusterSimulator(ClusterSetup setup, LoadTrace trace, double? ramMb, SwitchOn switchOn, TimeProvider clock)
{
    private readonly ClusterView cluster = new(setup, trace, ramMb);
    private readonly List<Flight> flights = [];
    private readonly int[] runsOn = new int[trace.Vms.Count];

    /// <summary>Plays the whole trace once.</summary>
    /// <exception cref="SimulationException">The VMs do not fit, or the policy broke a rule of the simulation.</exception>
    public SimulationResult Run(IClusterPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var meter = new Meter(cluster, runsOn);
        var hosts = new HostCount(cluster.Hosts);
        var placed = policy.Place(cluster);
        for (var v = 0; v < placed.Length; v++)
        {
            cluster.Put(v, placed[v]);
            runsOn[v] = placed[v];
        }

        var (migrations, most, deciding) = (0, 0, TimeSpan.Zero);
        for (var k = 0; k < trace.Samples; k++)
        {
            cluster.Now = k;
            if (k > 0)
            {
                var started = clock.GetTimestamp();
                var decision = policy.Decide(cluster);
                deciding += clock.GetElapsedTime(started);
                var counted = decision.Counted - Start(decision.Moves, k * setup.StepSeconds, meter);
                migrations += counted;
                most = Math.Max(most, counted);
            }

            PlayStep(k, meter);
            hosts.Count(runsOn);
        }

        var (slatah, pdm, unserved) = meter.Shares();
        return new SimulationResult(
            meter.Joules / 3.6e6, migrations, slatah * 100, pdm * 100, unserved * 100, hosts.Mean, hosts.On, hosts.Off,
            deciding.TotalMilliseconds / Math.Max(1, trace.Samples - 1), most, meter.SwitchOnJoules / 3.6e6);
    }

    private int Start(IReadOnlyList<SimulatedMove> moves, double now, Meter meter)
    {
        var isUp = new bool[cluster.Hosts];
        foreach (var host in runsOn)
        {
            isUp[host] = true;
        }

        // A host that was told to start earlier is ready when the first flight to it starts, or sooner.
        var readyAt = new Dictionary<int, double>();
        foreach (var flight in flights)
        {
            readyAt[flight.To] = Math.Min(readyAt.GetValueOrDefault(flight.To, double.PositiveInfinity), flight.Start);
        }

        // In the order in which they arrive: policies look at who came first.
        var onTheirWay = flights.Select(f => f.Vm).ToHashSet();
        var ordered = new HashSet<int>();
        var dropped = 0;
        foreach (var (vm, to) in moves.OrderBy(m => cluster.VmRamMb[m.Vm]))
        {
            if (!ordered.Add(vm) || to < 0 || to >= cluster.Hosts || cluster.Location[vm] == to)
            {
                throw new SimulationException($"The policy ordered a move of VM {vm + 1} to host {to + 1} at sample {cluster.Now}: there is no such host, it is there, or it was ordered twice.");
            }

            if (onTheirWay.Contains(vm))
            {
                // It waits for a host that is being switched on; it can't turn back.
                dropped++;
                continue;
            }

            if (!isUp[to] && !readyAt.ContainsKey(to))
            {
                readyAt[to] = now + switchOn.Seconds;
                meter.SwitchesOn(switchOn.Joules + (switchOn.Seconds * cluster.Models[to].Power.Idle));
            }

            var start = isUp[to] ? now : Math.Max(now, readyAt[to]);
            flights.Add(new Flight(vm, to, start, start + (cluster.VmRamMb[vm] / setup.MigrationMbPerSecond)));
            cluster.Put(vm, to);
        }

        CheckMemory();
        return dropped;
    }

    /// <summary>A flight holds its memory at the destination from the decision on.</summary>
    private void CheckMemory()
    {
        var used = ramMb is null ? [] : cluster.RamUsed();
        var over = Array.FindIndex(used, u => u > ramMb * (1 + 1e-9));
        if (over >= 0)
        {
            throw new SimulationException($"The policy put {used[over]:0} MB on host {over + 1} at sample {cluster.Now}, which has {ramMb:0} MB.");
        }
    }

    private void PlayStep(int step, Meter meter)
    {
        var (now, end) = (step * setup.StepSeconds, (step + 1) * setup.StepSeconds);
        var (first, next) = (cluster.DemandAt(step), cluster.DemandAt(step + 1));
        while (now < end)
        {
            var until = end;
            foreach (var f in flights)
            {
                until = f.Start > now ? Math.Min(until, f.Start) : Math.Min(until, f.End);
            }

            meter.Advance(first, next, step * setup.StepSeconds, now, until, flights);
            Land(until);
            now = until;
        }
    }

    private void Land(double now)
    {
        foreach (var f in flights.Where(f => f.End <= now))
        {
            runsOn[f.Vm] = f.To;
        }

        _ = flights.RemoveAll(f => f.End <= now);
    }

    /// <summary>One migration: waits until its start, runs until its end; seconds since the first sample.</summary>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Flight(int Vm, int To, double Start, double End);
}
