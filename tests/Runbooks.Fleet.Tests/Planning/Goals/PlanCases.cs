using FsCheck;
using FsCheck.Fluent;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Policies;
using HostName = Runbooks.Fleet.Model.HostName;

namespace Runbooks.Fleet.Tests.Planning.Goals;

/// <summary>A fleet, a request and a policy.</summary>
internal sealed record PlanCase(FleetSnapshot Fleet, PlanningRequest Request, PlannerPolicy Policy)
{
    public Plan Plan() => FleetPlanner.Plan(Fleet, Request, Policy);

    public override string ToString() => $"{Request}\n{Policy}\n{string.Join("\n", Fleet.Hosts)}\n{string.Join("\n", Fleet.Vms)}";
}

/// <summary>Fleets in which each VM had a place within the limits once, with constraints of every kind, and requests of every goal.</summary>
internal static class PlanCases
{
    public static Gen<PlanCase> Generator { get; } =
        from hostCount in Gen.Choose(2, 8)
        from hosts in Each(hostCount, Host)
        from vmCount in Gen.Choose(0, 30)
        from vms in Each(vmCount, i => Vm(i, hosts))
        from goal in Gen.Elements(Enum.GetValues<PlanGoal>())
        from policy in Policy
        let settled = Settle(hosts, vms, policy)
        from named in Gen.Choose(0, 1_000)
        from target in Gen.Elements<double?>(null, 0.05, 0.1)
        select new PlanCase(
            new FleetSnapshot(FleetBuilder.Noon, hosts, settled),
            new PlanningRequest(goal)
            {
                Host = goal is PlanGoal.Evacuate or PlanGoal.Recover ? hosts[named % hosts.Count].Name : null,
                Vm = goal == PlanGoal.Place && settled.Count > 0 ? settled[named % settled.Count].Name : null,
                TargetSd = target,
            },
            policy);

    public static Arbitrary<PlanCase> Any { get; } = Generator
        .Where(c => c.Request.Goal != PlanGoal.Place || c.Request.Vm is not null)
        .ToArbitrary();

    private static Gen<PlannerPolicy> Policy =>
        from max in Gen.Elements(0.4, 0.6, 0.75)
        from headroom in Gen.Elements(0, 0.1)
        from ratio in Gen.Elements(2.0, 4.0)
        from rule in Gen.Elements(Enum.GetValues<HostFailureRule>())
        from perHost in Gen.Choose(1, 4)
        from perPool in Gen.Elements<int?>(null, 1, 3)
        from least in Gen.Choose(1, 3)
        select new PlannerPolicy
        {
            Thresholds = new Thresholds { LoadMax = max },
            MemoryHeadroom = headroom,
            VcpuRatio = ratio,
            HostFailure = rule,
            Waves = new WaveLimits { PerHost = perHost, PerPool = perPool, PerLink = 2 },
            MinActiveHosts = least,
            PolishTries = 50,
        };

    private static Gen<Host> Host(int i) =>
        from cpus in Gen.Elements(8, 16)
        from memory in Gen.Elements(16_384, 32_768)
        from pool in Gen.Frequency((6, Gen.Constant("p")), (1, Gen.Constant("q")))
        from power in Gen.Frequency((8, Gen.Constant(PowerState.On)), (1, Gen.Constant(PowerState.Off)))
        from mode in Gen.Frequency((10, Gen.Constant(HostMode.Active)), (1, Gen.Elements(HostMode.Cordoned, HostMode.Maintenance)))
        from link in Gen.Elements<string?>(null, null, "uplink")
        from old in Gen.Frequency((5, Gen.Constant(false)), (1, Gen.Constant(true)))
        from fresh in Gen.Frequency((8, Gen.Constant(false)), (1, Gen.Constant(true)))
        select new Host(new HostName($"h{i}"), pool, cpus, memory, 10, power, mode)
        {
            Traits = new HostTraits
            {
                CpuModels = old ? ["v2"] : ["v2", "v3"],
                Hypervisor = old ? "xen" : "kvm",
                Link = link,
                IdleWatts = 100,
                PeakWatts = 200,
                SwitchedOnAt = fresh ? FleetBuilder.Noon - TimeSpan.FromMinutes(5) : null,
            },
        };

    private static Gen<Vm> Vm(int i, List<Host> hosts) =>
        from host in Gen.Elements<Host>(hosts)
        from memory in Gen.Choose(1, 12)
        from vcpus in Gen.Choose(1, 4)
        from load in Gen.Choose(0, 100)
        from kind in Gen.Choose(0, 40)
        from label in Gen.Elements("a", "b")
        select new Vm(new VmName($"v{i:00}"), Guid.Empty, host.Name, VmState.Running, vcpus, memory * 512, load / 100.0)
        {
            Traits = kind switch
            {
                0 => new VmTraits { Pinned = [host.Name, hosts[0].Name] },
                1 => new VmTraits { Excluded = [hosts[0].Name] },
                2 => new VmTraits { Immovable = "it has a passed-through device" },
                3 => new VmTraits { MovedAt = FleetBuilder.Noon - TimeSpan.FromMinutes(1) },
                4 => new VmTraits { CpuModel = "v3" },
                5 or 6 => new VmTraits { Apart = label },
                7 or 8 => new VmTraits { Together = label },
                9 => new VmTraits { CpuVariance = 0.2, DirtyMiBs = 100, MaxVcpus = vcpus + 2 },
                _ => VmTraits.None,
            },
        };

    /// <summary>Leaves out VMs that break a limit where they are: a plan can't be asked to have kept what was broken before. One in four cases keeps too much load.</summary>
    private static List<Vm> Settle(List<Host> hosts, List<Vm> vms, PlannerPolicy policy)
    {
        var kept = new List<Vm>();
        foreach (var vm in vms)
        {
            var host = hosts.Find(h => h.Name == vm.Host)!;
            if (host.Power == PowerState.On && Checks.Broken(new FleetSnapshot(FleetBuilder.Noon, hosts, [.. kept, vm]), host, policy, mindsLoad: vms.Count % 4 != 0).Count == 0)
            {
                kept.Add(vm);
            }
        }

        return kept;
    }

    private static Gen<List<T>> Each<T>(int count, Func<int, Gen<T>> make) =>
        Enumerable.Range(0, count).Aggregate(
            Gen.Constant(new List<T>()),
            (all, i) => from list in all from one in make(i) select new List<T>(list) { one });
}
