using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;

namespace Runbooks.Fleet.Tests.Planning.Goals;

/// <summary>The hard constraints, written anew and plainly, from snapshot and policy alone.</summary>
internal static class Checks
{
    private const double Rounding = 1e-6;

    /// <summary>What is wrong with the VMs on a host.</summary>
    public static List<string> Broken(FleetSnapshot fleet, Host host, PlannerPolicy policy, bool mindsLoad = true)
    {
        var on = fleet.VmsOn(host.Name).Where(v => v.State != VmState.ShutOff).ToList();
        var wrong = new List<string>();
        var memory = on.Sum(v => v.MemoryMiB);
        if (memory > Math.Floor(host.MemoryMiB * (1 - policy.MemoryHeadroom)))
        {
            wrong.Add($"{host.Name} holds {memory} MiB");
        }

        if (on.Sum(v => v.Vcpus) > host.Cpus * policy.VcpuRatio)
        {
            wrong.Add($"{host.Name} has {on.Sum(v => v.Vcpus)} vCPUs");
        }

        var need = on.Sum(v => v.CpuCores) + (policy.Sigmas * Math.Sqrt(on.Sum(v => v.Traits.CpuVariance ?? 0)));
        if (mindsLoad && need > (host.Cpus * policy.Thresholds.LoadMax) + Rounding)
        {
            wrong.Add($"{host.Name} needs {need} cores");
        }

        foreach (var vm in on)
        {
            if (vm.Traits.CpuModel is { } model && !host.Traits.CpuModels.Contains(model))
            {
                wrong.Add($"{vm.Name} needs {model}");
            }

            if (!vm.Traits.Pinned.IsDefaultOrEmpty && !vm.Traits.Pinned.Contains(host.Name))
            {
                wrong.Add($"{vm.Name} is pinned elsewhere");
            }

            if (!vm.Traits.Excluded.IsDefaultOrEmpty && vm.Traits.Excluded.Contains(host.Name))
            {
                wrong.Add($"{vm.Name} is excluded from {host.Name}");
            }

            if (vm.Traits.Apart is { } apart && on.Any(o => o.Name != vm.Name && o.Traits.Apart == apart))
            {
                wrong.Add($"{vm.Name} is not apart");
            }

            if (vm.Traits.Together is { } together && fleet.Vms.Any(o => o.Traits.Together == together && o.Host != host.Name && fleet.FindHost(o.Host)!.Pool == host.Pool))
            {
                wrong.Add($"{vm.Name} is not together");
            }
        }

        return wrong;
    }

    /// <summary>Used hosts of each pool whose VMs would not fit on the other used, open ones: largest first, first fit.</summary>
    public static int Failures(FleetSnapshot fleet, PlannerPolicy policy, HostName? closed = null)
    {
        var failures = 0;
        foreach (var pool in fleet.Hosts.GroupBy(h => h.Pool))
        {
            var used = pool.Where(h => fleet.VmsOn(h.Name).Any()).ToList();
            foreach (var failed in used)
            {
                var room = used
                    .Where(h => h != failed && h is { Power: PowerState.On, Reachable: true, Mode: HostMode.Active } && h.Name != closed)
                    .Select(h => (
                        Memory: Math.Floor(h.MemoryMiB * (1 - policy.MemoryHeadroom)) - fleet.VmsOn(h.Name).Sum(v => v.MemoryMiB),
                        Vcpus: (h.Cpus * policy.VcpuRatio) - fleet.VmsOn(h.Name).Sum(v => v.Vcpus)))
                    .ToList();
                foreach (var vm in fleet.VmsOn(failed.Name).OrderByDescending(v => v.MemoryMiB))
                {
                    var to = room.FindIndex(r => r.Memory >= vm.MemoryMiB && r.Vcpus >= vm.Vcpus);
                    if (to < 0)
                    {
                        failures++;
                        break;
                    }

                    room[to] = (room[to].Memory - vm.MemoryMiB, room[to].Vcpus - vm.Vcpus);
                }
            }
        }

        return failures;
    }

    /// <summary>The fleet after the moves of one wave. With <paramref name="held"/> the VMs are still at their sources too.</summary>
    public static FleetSnapshot After(FleetSnapshot fleet, IEnumerable<Move> moves, bool held = false)
    {
        var to = moves.ToDictionary(m => m.Vm, m => m.To);
        IEnumerable<Vm> arrived = fleet.Vms.Select(v => to.TryGetValue(v.Name, out var host) ? v with { Host = host } : v);
        IEnumerable<Vm> stay = held ? fleet.Vms.Where(v => to.ContainsKey(v.Name)) : [];
        return new FleetSnapshot(fleet.TakenAt, fleet.Hosts, [.. arrived, .. stay]);
    }

    /// <summary>The fleet with hosts switched on, or off, as the plan says.</summary>
    public static FleetSnapshot Switched(FleetSnapshot fleet, Plan plan, PowerState target) => new(
        fleet.TakenAt,
        fleet.Hosts.Select(h => plan.Power.Any(p => p.Host == h.Name && p.Target == target) ? h with { Power = target } : h),
        fleet.Vms);
}
