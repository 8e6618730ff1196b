using Runbooks.Fleet.Simulation.Cluster;

namespace Runbooks.Fleet.Tests.Simulation;

public sealed class RepackingOracleTests
{
    private static readonly ClusterSetup Setup = SmallCluster.Setup with { Hosts = 10, Sizes = [new VmSize(2500, 870)] };

    [Fact]
    public void A_VM_goes_to_the_fullest_host_that_has_room()
    {
        // 4256 MIPS of a fast host may be used. Fullest first: 2200 + 1500, 2100 + 1400 + 750. Emptiest first would leave
        // 2200 + 1400 and 2100 + 1500, and no room for the last.
        var oracle = RepackingOracle.Of(Setup, SmallCluster.Rows([88], [84], [60], [56], [30]), 100_000);

        Assert.Equal(2, oracle.MeanActive);
    }

    [Fact]
    public void Memory_is_a_limit()
    {
        var trace = SmallCluster.Rows([1], [1], [1]);

        Assert.Equal(2, RepackingOracle.Of(Setup, trace, 2 * 870).MeanActive);
        Assert.Equal(3, RepackingOracle.Of(Setup, trace, (2 * 870) - 1).MeanActive);
    }
}
