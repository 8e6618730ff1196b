using Runbooks.Fleet.Energy;
using Runbooks.Fleet.History;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Tests.Simulation;

namespace Runbooks.Fleet.Tests.Energy;

public sealed class EnergyTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
    private static readonly PowerCurve Linear = new([100, 200]);

    [Theory]
    [InlineData(-1, 10)]
    [InlineData(0, 10)]
    [InlineData(0.25, 15)]
    [InlineData(0.5, 20)]
    [InlineData(0.75, 60)]
    [InlineData(1, 100)]
    [InlineData(3, 100)]
    [InlineData(double.NaN, 10)]
    public void Power_is_linear_between_points(double load, double watts) => Assert.Equal(watts, new PowerCurve([10, 20, 100]).At(load), 9);

    [Fact]
    public void Power_at_a_point_is_that_point()
    {
        var curve = PowerTables.Published["HpProLiantMl110G5Xeon3075"];

        Assert.All(Enumerable.Range(0, 11), i => Assert.Equal(curve.Points[i], curve.At(i / 10.0), 9));
        Assert.Equal((93.7, 135), (curve.Idle, curve.Full));
    }

    [Fact]
    public void A_table_needs_two_points_that_are_watts()
    {
        Assert.Contains("1 figures", Assert.Throws<FormatException>(() => new PowerCurve([1])).Message, StringComparison.Ordinal);
        Assert.Contains("Point 2 of a power table is -1", Assert.Throws<FormatException>(() => new PowerCurve([1, -1])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_are_read_from_a_file()
    {
        var tables = PowerTables.Read(new StringReader("model,spec_url,w0,w50,w100\nA,http,10,20,40\n"), "power.csv");

        Assert.Equal(30, tables["a"].At(0.75), 9);
        Assert.Contains("line 2, field w50: found 'x'", Assert.Throws<FormatException>(() => PowerTables.Read(new StringReader("model,w0,w50\nA,1,x\n"), "p")).Message, StringComparison.Ordinal);
        Assert.Contains("line 2: the line has 2 fields, the head has 3", Assert.Throws<FormatException>(() => PowerTables.Read(new StringReader("model,w0,w50\nA,1\n"), "p")).Message, StringComparison.Ordinal);
        Assert.Contains("line 1", Assert.Throws<FormatException>(() => PowerTables.Read(new StringReader("name,w0,w50\n"), "p")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_is_compared_with_not_having_acted()
    {
        var fleet = new FleetSnapshot(Noon, [Of("a", PowerState.On), Of("b", PowerState.On), Of("c", PowerState.Unknown)], [Vm("v1", "a", 0.5), Vm("v2", "b", 0.5)]);
        var plan = new Plan("consolidate", fleet.Hash(), [new Move(new VmName("v2"), new HostName("b"), new HostName("a"), 1_000, "")], [new PowerAction(new HostName("b"), PowerState.Off, "")], [], "");

        var energy = PlanEnergy.Of(fleet, plan, _ => Linear, new ChangeEnergy(0.5, 20, 30_000));

        // Each VM uses 1 of 4 CPUs: twice 125 W before, 150 W after.
        Assert.Equal((250, 150, 520), (energy.WattsBefore, energy.WattsAfter, energy.ChangeJoules));
        Assert.Equal(0.25, energy.KwhWithout(TimeSpan.FromHours(1)), 9);
        Assert.Equal(0.15 + (520 / 3.6e6), energy.KwhWith(TimeSpan.FromHours(1)), 9);
        Assert.Equal(TimeSpan.FromSeconds(5.2), energy.PaysAfter);
        Assert.Equal(["c"], energy.NotCounted.Select(h => h.Value));
    }

    [Fact]
    public void A_plan_that_switches_on_never_pays_in_energy()
    {
        var fleet = new FleetSnapshot(Noon, [Of("a", PowerState.On), Of("b", PowerState.Off)], [Vm("v1", "a", 0.5)]);
        var plan = new Plan("relieve", fleet.Hash(), [new Move(new VmName("v1"), new HostName("a"), new HostName("b"), 1_000, "")], [new PowerAction(new HostName("b"), PowerState.On, "")], [], "");

        var energy = PlanEnergy.Of(fleet, plan, _ => Linear, new ChangeEnergy(0, 0, 30_000));

        Assert.Equal((125, 225, 30_000), (energy.WattsBefore, energy.WattsAfter, energy.ChangeJoules));
        Assert.Null(energy.PaysAfter);
    }

    [Fact]
    public void A_day_counts_what_was_measured_and_says_what_was_not()
    {
        HostSample[] samples = [At(0, 0), At(10, 1), At(20, 1), At(80, 0), At(90, 0)];

        var energy = MeasuredEnergy.Of(samples, Linear, TimeSpan.FromMinutes(15));

        Assert.Equal(((150 * 600) + (200 * 600) + (100 * 600)) / 3.6e6, energy.Kwh, 9);
        Assert.Equal((TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(60)), (energy.Measured, energy.Unknown));
    }

    [Fact]
    public void Free_repacking_fills_the_best_hosts_to_four_fifths_of_their_CPU_and_all_of_their_memory()
    {
        var setup = SmallCluster.Setup with { Sizes = [new VmSize(2000, 1000)] };
        // Five VMs with 2000 MIPS: two fit in 80 % of 5320. Then memory: two fit in 2000 MB.
        var busy = RepackingOracle.Of(setup, SmallCluster.Rows([100, 100], [100, 100], [100, 100], [100, 100], [100, 100]), 16_384);
        var idle = RepackingOracle.Of(setup, SmallCluster.Rows([0], [0], [0], [0], [0]), 2_000);

        Assert.Equal((3, 3), (busy.MeanActive, idle.MeanActive));
        var fast = setup.ModelOf(1).Power;
        Assert.Equal(((2 * fast.At(4000 / 5320.0)) + fast.At(2000 / 5320.0)) * 300 / 3.6e6, busy.EnergyKwh, 9);
    }

    private static HostSample At(int minute, double load) => new(Noon.AddMinutes(minute), new HostName("a"), load, 0, 0);

    private static Host Of(string name, PowerState power) => new(new HostName(name), "p", 4, 16_384, 1, power, HostMode.Active);

    private static Vm Vm(string name, string host, double load) => new(new VmName(name), Guid.Empty, new HostName(host), VmState.Running, 2, 1_000, load);
}
