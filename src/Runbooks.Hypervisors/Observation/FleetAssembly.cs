using System.Collections.Immutable;
using Runbooks.Fleet.History;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Policies;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Observation;

/// <summary>
/// Makes one picture of the fleet out of what its hosts answered. Pure: the same answers and the same memory give the
/// same picture.
/// </summary>
/// <remarks>
/// A host that is off is no problem; its VMs, as last seen there, are shut off. Of a host that does not answer the last
/// that was seen is kept, marked unreachable. A VM that several hosts know is shown once, where it runs.
/// </remarks>
public static class FleetAssembly
{
    /// <param name="memory">From the look before.</param>
    /// <param name="readings">One per host of the configuration.</param>
    /// <param name="modes">Hosts that are cordoned or in maintenance.</param>
    /// <param name="reservations">Capacity that is held.</param>
    /// <param name="thresholds">Boundaries of the load classes.</param>
    /// <param name="now">When this look was taken.</param>
    public static (FleetReading Reading, FleetMemory Memory) Assemble(
        FleetMemory memory,
        IReadOnlyList<HostReading> readings,
        IReadOnlyList<HostModeEntry> modes,
        IReadOnlyList<Reservation> reservations,
        Thresholds thresholds,
        DateTimeOffset now)
    {
        var problems = new List<FleetProblem>();
        var hosts = new List<Host>();
        var hostSamples = new List<HostSample>();
        var copies = new List<VmCopy>();
        var measured = new Dictionary<VmName, double>();
        var remembered = memory.Hosts;
        var modeOf = modes.ToDictionary(m => m.Host, m => m.Mode);
        foreach (var reading in readings.OrderBy(r => r.Entry.Name))
        {
            var name = reading.Entry.Name;
            var before = memory.Hosts.GetValueOrDefault(name);
            var (after, hostLoad) = Measure(before, reading, measured);
            remembered = remembered.SetItem(name, after);
            var host = Describe(reading, after, modeOf.GetValueOrDefault(name, HostMode.Active));
            hosts.Add(host);
            copies.AddRange(CopiesOn(reading, after));
            if (host.Problem is { } problem)
            {
                problems.Add(new FleetProblem(ProblemSeverity.Warning, name, null, problem));
            }

            if (hostLoad is { } load && reading.Observation is { } seen)
            {
                var running = seen.Vms.Count(v => v.State == VmState.Running);
                hostSamples.Add(new HostSample(seen.At, name, load, seen.MemoryMiB - seen.MemoryFreeMiB, running));
            }
        }

        var loads = memory.VmLoads.SetItems(measured);
        var shown = new List<Vm>();
        foreach (var group in copies.GroupBy(c => c.Vm.Name))
        {
            var best = VmCopies.Resolve([.. group], reservations.FirstOrDefault(r => r.Vm == group.Key), problems);
            shown.Add(Describe(best, loads, thresholds));
        }

        var samples = shown
            .Where(v => v.State == VmState.Running && measured.ContainsKey(v.Name))
            .Select(v => new VmSample(now, v.Name, v.Host, measured[v.Name], v.MemoryUsedMiB));
        var known = shown.Select(v => v.Name).ToHashSet();
        return (
            new FleetReading(
                new FleetSnapshot(now, hosts, shown, reservations),
                [.. problems.OrderByDescending(p => p.Severity)],
                [.. hostSamples],
                [.. samples]),
            new FleetMemory(remembered, loads.RemoveRange(loads.Keys.Where(k => !known.Contains(k)))));
    }

    private static (HostMemory After, double? Load) Measure(HostMemory? before, HostReading reading, Dictionary<VmName, double> measured)
    {
        if (reading.Observation is not { } now)
        {
            // The counters of a host that was off begin anew; those of one that was only out of reach go on.
            var off = reading.Power == PowerState.Off;
            return (new HostMemory(reading.Power, off ? null : before?.Counters, before?.Seen, off ? null : before?.CpuLoad), null);
        }

        if (before?.Counters is not { } counters)
        {
            return (new HostMemory(PowerState.On, now, now, null), null);
        }

        if (now.At - counters.At < LoadMeter.ShortestInterval)
        {
            return (before with { Power = PowerState.On, Seen = now }, null);
        }

        var older = counters.Vms.ToDictionary(v => v.Name);
        foreach (var vm in now.Vms.Where(v => v.State == VmState.Running))
        {
            if (older.TryGetValue(vm.Name, out var then) && then.State == VmState.Running && LoadMeter.OfVm(then, vm) is { } vmLoad)
            {
                measured[vm.Name] = vmLoad;
            }
        }

        var load = LoadMeter.OfHost(counters, now);
        return (new HostMemory(PowerState.On, now, now, load), load);
    }

    private static Host Describe(HostReading reading, HostMemory memory, HostMode mode)
    {
        var reachable = reading.Observation is not null || reading.Power == PowerState.Off;
        return new Host(
            reading.Entry.Name,
            reading.Entry.Pool,
            memory.Seen?.Cpus ?? 1,
            memory.Seen?.MemoryMiB ?? 0,
            reading.Entry.Priority,
            reading.Power,
            mode,
            reading.Power == PowerState.Off ? null : memory.CpuLoad,
            reachable,
            reachable ? null : reading.Fault?.ToString() ?? $"{reading.Entry.Name}: the host did not answer.")
        {
            Traits = reading.Entry.Link is { } link ? HostTraits.None with { Link = link.Name } : HostTraits.None,
        };
    }

    private static IEnumerable<VmCopy> CopiesOn(HostReading reading, HostMemory memory)
    {
        var fresh = reading.Observation is not null;
        foreach (var vm in memory.Seen?.Vms ?? [])
        {
            var off = reading.Power == PowerState.Off && vm.State is VmState.Running or VmState.Paused or VmState.Unknown && !fresh;
            if (off && vm.Persistent == false)
            {
                continue;
            }

            yield return new VmCopy(reading.Entry.Name, off ? vm with { State = VmState.ShutOff, StateReason = VmCopies.HostIsOff } : vm, fresh || off);
        }
    }

    private static Vm Describe(VmCopy copy, ImmutableDictionary<VmName, double> loads, Thresholds thresholds)
    {
        double? load = copy.Vm.State == VmState.Running && loads.TryGetValue(copy.Vm.Name, out var known) ? known : null;
        return new Vm(
            copy.Vm.Name,
            copy.Vm.Uuid,
            copy.Host,
            copy.Vm.State,
            copy.Vm.Vcpus,
            copy.Vm.MemoryMiB,
            load,
            copy.Vm.MemoryUsedMiB,
            load is { } l ? thresholds.Classify(l) : null);
    }
}
