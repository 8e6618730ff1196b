using FsCheck;
using FsCheck.Fluent;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Policies;
using Runbooks.Fleet.Reservations;
using HostName = Runbooks.Fleet.Model.HostName;

namespace Runbooks.Fleet.Tests.Planning;

/// <summary>A fleet and the policy to plan it by.</summary>
internal sealed record Situation(FleetSnapshot Fleet, ConsolidationPolicy Policy)
{
    public Plan Plan() => ConsolidationPlanner.Plan(Fleet, Policy);

    public override string ToString() =>
        $"{Policy}\n{string.Join("\n", Fleet.Hosts)}\n{string.Join("\n", Fleet.Vms)}\n{string.Join("\n", Fleet.Reservations)}";
}

/// <summary>Fleets of every shape, mostly healthy, some with hosts and VMs in odd states.</summary>
internal static class RandomFleets
{
    private static readonly HostMode[] OddModes = [HostMode.Cordoned, HostMode.Maintenance];
    private static readonly VmState[] OddStates = [VmState.Paused, VmState.ShutOff, VmState.Crashed, VmState.Unknown];

    public static Arbitrary<Situation> Any { get; } = (
        from hostCount in Gen.Frequency((1, Gen.Choose(1, 2)), (5, Gen.Choose(3, 7)))
        from hosts in Each(hostCount, i => Host(i))
        from vmCount in Gen.Frequency((1, Gen.Choose(0, 3)), (5, Gen.Choose(4, 24)))
        from vms in Each(vmCount, i => Vm(i, hosts))
        from reservationCount in Gen.Frequency((5, Gen.Constant(0)), (1, Gen.Choose(1, 2)))
        from reservations in Each(vmCount == 0 ? 0 : reservationCount, i => Reservation(vms[i % vmCount], hosts))
        from policy in Policy
        select new Situation(
            new FleetSnapshot(FleetBuilder.Noon, hosts, vms, reservations.DistinctBy(r => r.Vm)),
            policy)).ToArbitrary();

    private static Gen<ConsolidationPolicy> Policy =>
        from max in Gen.Elements(0.4, 0.6, 0.75)
        from headroom in Gen.Elements(0, 0.1, 0.25)
        from ratio in Gen.Elements(1.5, 3.0, 8.0)
        from least in Gen.Frequency((3, Gen.Constant(1)), (1, Gen.Choose(2, 3)))
        from pool in Gen.Frequency((3, Gen.Constant<string?>(null)), (1, Gen.Constant<string?>("p")))
        select new ConsolidationPolicy
        {
            Thresholds = new Thresholds { LoadMax = max },
            MemoryHeadroom = headroom,
            VcpuRatio = ratio,
            MinActiveHosts = least,
            Pool = pool,
        };

    private static Gen<Host> Host(int i) =>
        from cpus in Gen.Elements(4, 8, 16)
        from memory in Gen.Elements(8_192, 16_384, 32_768)
        from priority in Gen.Choose(1, 3)
        from pool in Gen.Frequency((5, Gen.Constant("p")), (1, Gen.Constant("q")))
        from power in Gen.Frequency((10, Gen.Constant(PowerState.On)), (1, Gen.Elements(PowerState.Off, PowerState.Unknown)))
        from mode in Gen.Frequency((10, Gen.Constant(HostMode.Active)), (1, Gen.Elements(OddModes)))
        from reachable in Gen.Frequency((15, Gen.Constant(true)), (1, Gen.Constant(false)))
        select new Host(new HostName($"h{i}"), pool, cpus, memory, priority, power, mode, null, reachable);

    private static Gen<Vm> Vm(int i, IReadOnlyList<Host> hosts) =>
        from host in Gen.Elements<Host>(hosts)
        from memory in Gen.Choose(1, 10)
        from vcpus in Gen.Choose(1, 4)
        from load in Gen.Frequency((20, Gen.Choose(0, 25).Select(l => (double?)(l / 100.0))), (1, Gen.Constant<double?>(null)))
        from odd in Gen.Frequency((20, Gen.Constant(VmState.Running)), (1, Gen.Elements(OddStates)))
        let state = host.Power == PowerState.Off ? VmState.ShutOff : odd
        select new Vm(new VmName($"v{i}"), Guid.Empty, host.Name, state, vcpus, memory * 512, load);

    private static Gen<Reservation> Reservation(Vm vm, IReadOnlyList<Host> hosts) =>
        from to in Gen.Elements<Host>(hosts)
        select new Reservation(vm.Name, vm.Host, to.Name, vm.MemoryMiB, vm.Vcpus, "run-1", 1, FleetBuilder.Noon);

    private static Gen<List<T>> Each<T>(int count, Func<int, Gen<T>> make) =>
        Enumerable.Range(0, count).Aggregate(
            Gen.Constant(new List<T>()),
            (all, i) => from list in all from one in make(i) select new List<T>(list) { one });
}
