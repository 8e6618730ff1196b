using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Policies;

namespace Runbooks.Fleet.Tests.Simulation;

public sealed class PaperPolicyTests
{
    /// <summary>
    /// 40 VMs on 40 hosts for a day. The figures are those of another implementation of the same published description, in
    /// another language, on the same generated loads.
    /// </summary>
    [Theory]
    [InlineData("dvfs", null, 37.45778010104223, 0, 0.0, 0.0, 0.0, 16.0)]
    [InlineData("thr:0.8", null, 19.149993424615467, 2686, 0.17126334027183543, 0.14708876017680472, 0.1797511559438708, 7.2)]
    [InlineData("lr:1.2", null, 15.306094838075591, 1478, 3.423185650396015, 0.07720168179828787, 0.5936948395686023, 5.6)]
    [InlineData("dvfs", 6000.0, 35.40313925202793, 0, 0.0, 0.0, 0.0, 15.0)]
    [InlineData("thr:0.8", 6000.0, 23.219261150868768, 70, 0.0029637932188445524, 0.0035318367377956163, 0.003890068614095295, 9.3)]
    [InlineData("lr:1.2", 6000.0, 23.150769403977375, 45, 0.037591206039565554, 0.0018501592783401158, 0.013524588270637317, 9.2)]
    public void The_published_policies_give_the_figures_of_another_implementation(
        string policy, double? ram, double kwh, int migrations, double slatah, double pdm, double unserved, double active)
    {
        var result = SmallCluster.Play(SmallCluster.Setup, SmallCluster.Noisy(40, 288, 12_345), PolicyName.Parse(policy)(), ram);

        Assert.Equal(migrations, result.Migrations);
        Assert.Equal(kwh, result.EnergyKwh, 6);
        Assert.Equal(slatah, result.SlatahPct, 6);
        Assert.Equal(pdm, result.PdmPct, 6);
        Assert.Equal(unserved, result.UnservedCpuPct, 6);
        Assert.Equal(active, result.MeanActive, 0.05);
    }

    [Theory]
    [InlineData("thr")]
    [InlineData("thr:0")]
    [InlineData("thr:1.5")]
    [InlineData("lr:0.5")]
    [InlineData("lr:x")]
    [InlineData("best")]
    public void A_policy_that_is_not_known_is_refused_with_those_that_are(string name)
    {
        var error = Assert.Throws<FormatException>(() => PolicyName.Parse(name));

        Assert.Contains($"'{name}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("runbooks", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void VMs_that_fit_nowhere_are_named()
    {
        var error = Assert.Throws<SimulationException>(() => SmallCluster.Play(SmallCluster.Setup with { Hosts = 2 }, SmallCluster.Noisy(40, 3, 1), new StaticPolicy()));

        Assert.Contains("VM 3 (2500 MIPS, 870 MB) fits on none of the 2 hosts", error.Message, StringComparison.Ordinal);
    }
}
