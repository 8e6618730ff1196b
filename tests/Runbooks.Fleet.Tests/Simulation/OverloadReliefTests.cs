using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Policies;
using Runbooks.Fleet.Simulation.Policies.Measured;

namespace Runbooks.Fleet.Tests.Simulation;

/// <summary>Which VMs leave an overloaded host. Hosts 1 and 3 have 5320 MIPS, hosts 0 and 2 have 3720; risk counts for nothing here.</summary>
public sealed class OverloadReliefTests
{
    private static readonly RunbooksOptions Options = new() { StaySteps = 1e-6 };

    [Fact]
    public void Two_VMs_that_leave_beside_each_other_take_the_time_of_one()
    {
        // 5430 of 5320 MIPS. The third VM alone would do, in 28 s; the two after it together, in 14 s.
        VmSize[] sizes = [new(2600, 10_000), new(2600, 10_000), new(110, 1740), new(60, 870), new(60, 870), new(100, 100)];

        Assert.Equal([1, 1, 1, 3, 3, 3], Relieved(sizes, [1, 1, 1, 1, 1, 3], Options));
    }

    [Theory]
    [InlineData(0, new[] { 1, 1, 3, 1, 1, 3 })]
    [InlineData(1, new[] { 1, 1, 1, 3, 3, 3 })]
    public void CPU_that_is_lacked_until_they_have_left_counts(double perLackedSecond, int[] expected)
    {
        // 2600 MIPS too many: one VM takes them away in 28 s, two others in 14 s.
        VmSize[] sizes = [new(1360, 10_000), new(1360, 10_000), new(2600, 1740), new(1300, 870), new(1300, 870), new(100, 100)];

        Assert.Equal(expected, Relieved(sizes, [1, 1, 1, 1, 1, 3], Options with { MovesPerSecond = 0, MovesPerLackedSecond = perLackedSecond }));
    }

    [Fact]
    public void Where_nothing_has_room_for_all_that_is_too_much_a_part_leaves()
    {
        // 800 MIPS too many; host 3 has room for 288 and the others for 48.
        VmSize[] sizes = [new(2660, 870), new(2660, 870), new(600, 870), new(200, 870), new(2250, 870), new(2250, 870), new(1650, 870), new(1650, 870), new(1650, 870), new(1650, 870)];

        Assert.Equal([1, 1, 1, 3, 3, 3, 0, 0, 2, 2], Relieved(sizes, [1, 1, 1, 1, 3, 3, 0, 0, 2, 2], Options));
    }

    private static int[] Relieved(VmSize[] sizes, int[] hosts, RunbooksOptions options)
    {
        var setup = SmallCluster.Setup with { Hosts = 4, Sizes = [.. sizes] };
        var cluster = new ClusterView(setup, SmallCluster.Rows([.. sizes.Select(_ => new double[] { 100, 100, 100 })]), null) { Now = 2 };
        for (var v = 0; v < hosts.Length; v++)
        {
            cluster.Put(v, hosts[v]);
        }

        var state = new RiskState(cluster, new DemandHistory(cluster, options), options);
        Assert.Empty(new OverloadRelief(state, options).Run());
        return [.. Enumerable.Range(0, hosts.Length).Select(state.Fleet.HostOf)];
    }
}
