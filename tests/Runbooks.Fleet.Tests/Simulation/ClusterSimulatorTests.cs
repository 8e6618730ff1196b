using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Policies;

namespace Runbooks.Fleet.Tests.Simulation;

/// <summary>The physics of the simulation, by hand: loads in steps of 300 s, host 0 has 3720 MIPS, host 1 has 5320.</summary>
public sealed class ClusterSimulatorTests
{
    private static readonly ClusterSetup Setup = SmallCluster.Setup with { Hosts = 4, Sizes = [new VmSize(1860, 625)] };

    [Fact]
    public void Energy_follows_the_load_in_straight_lines_and_the_first_interval_is_left_out()
    {
        // 0 %, then 10 % to 20 % of host 0 (89.4 W to 92.6 W), then 20 % until the end.
        var trace = SmallCluster.Rows([0, 20, 40]);

        var result = SmallCluster.Play(Setup, trace, new Scripted([0], _ => []));

        Assert.Equal((((89.4 + 92.6) / 2 * 300) + (92.6 * 300)) / 3.6e6, result.EnergyKwh, 12);
        Assert.Equal(0, result.Migrations);
        Assert.Equal(1, result.MeanActive);
    }

    [Fact]
    public void A_migration_takes_its_memory_over_the_bandwidth_and_costs_a_tenth_on_both_sides()
    {
        // 625 MB at 62.5 MB/s: 10 s. Host 1 carries a tenth of 930 MIPS meanwhile.
        var trace = SmallCluster.Rows([50, 50]);

        var result = SmallCluster.Play(Setup, trace, new Scripted([0], _ => [new SimulatedMove(0, 1)]));

        var (source, arriving, there) = (Setup.ModelOf(0).Power.At(930 / 3720.0), Setup.ModelOf(1).Power.At(93 / 5320.0), Setup.ModelOf(1).Power.At(930 / 5320.0));
        Assert.Equal((((source + arriving) * 10) + (there * 290)) / 3.6e6, result.EnergyKwh, 12);
        Assert.Equal(100 * 0.1 * 10 / 600, result.PdmPct, 12);
        Assert.Equal(result.PdmPct, result.UnservedCpuPct, 12);
        Assert.Equal((1, 1, 1), (result.Migrations, result.HostOn, result.HostOff));
    }

    [Fact]
    public void Overload_ends_when_the_VM_has_left_and_until_then_all_VMs_get_the_same_share()
    {
        // Three VMs ask for 1860 each of 3720.
        var trace = SmallCluster.Rows([100, 100], [100, 100], [100, 100]);
        var stays = SmallCluster.Play(Setup, trace, new Scripted([0, 0, 0], _ => []));
        var leaves = SmallCluster.Play(Setup, trace, new Scripted([0, 0, 0], _ => [new SimulatedMove(2, 2)]));

        Assert.Equal(100, stays.SlatahPct, 9);
        Assert.Equal(100 / 3.0, stays.UnservedCpuPct, 9);
        Assert.Equal(100.0 * 310 / (300 + 300 + 300), leaves.SlatahPct, 9);
        var lackedMigrating = 10 * (1 - (0.9 * 2 / 3));
        var lacked = (300.0 * 3 / 3) + (10.0 * 2 / 3) + lackedMigrating;
        Assert.Equal(100 * lacked / (3 * 600), leaves.UnservedCpuPct, 9);
        Assert.Equal(100 * lackedMigrating / (3 * 600), leaves.PdmPct, 9);
    }

    [Fact]
    public void A_host_that_is_switched_on_takes_VMs_after_its_time_and_draws_idle_power_until_then()
    {
        var trace = SmallCluster.Rows([50, 50, 50, 50]);
        var moved = false;
        IReadOnlyList<SimulatedMove> Once(ClusterView _)
        {
            var first = !moved;
            moved = true;
            return first ? [new SimulatedMove(0, 1)] : [];
        }

        var result = SmallCluster.Play(Setup, trace, new Scripted([0], Once), switchOn: new SwitchOn(400, 1000));

        // Decided at 300 s: ready at 700 s, there at 710 s, in the step after.
        var (source, arriving, there) = (Setup.ModelOf(0).Power.At(0.25), Setup.ModelOf(1).Power.At(93 / 5320.0), Setup.ModelOf(1).Power.At(930 / 5320.0));
        var switching = 1000 + (400 * 93.7);
        Assert.Equal(((source * 400) + ((source + arriving) * 10) + (there * 490) + switching) / 3.6e6, result.EnergyKwh, 12);
        Assert.Equal(switching / 3.6e6, result.SwitchOnKwh, 12);
        Assert.Equal(1, result.HostOn);
    }

    [Fact]
    public void A_VM_that_waits_for_its_host_is_not_moved_again()
    {
        var trace = SmallCluster.Rows([50, 50, 50]);

        var result = SmallCluster.Play(Setup, trace, new Scripted([0], c => [new SimulatedMove(0, c.Now + 1)]), switchOn: new SwitchOn(1000, 0));

        Assert.Equal((1, 0), (result.Migrations, result.HostOn));
    }

    [Fact]
    public void A_policy_cannot_see_the_future()
    {
        var trace = SmallCluster.Rows([1, 2, 3]);
        var policy = new Scripted([0], c =>
        {
            Assert.Equal((c.Now + 1) * 18.6, c.Demand(c.Now)[0], 9);
            _ = Assert.Throws<ArgumentOutOfRangeException>(() => c.Demand(c.Now + 1)[0]);
            _ = Assert.Throws<ArgumentOutOfRangeException>(() => c.Load(c.Now + 1)[0]);
            return [];
        });

        _ = SmallCluster.Play(Setup, trace, policy);
    }

    [Fact]
    public void VMs_stand_on_a_host_in_the_order_in_which_they_came()
    {
        var setup = Setup with { Sizes = [new VmSize(100, 900), new VmSize(100, 100), new VmSize(100, 500)] };
        IReadOnlyList<int> order = [];
        IReadOnlyList<SimulatedMove> Move(ClusterView c)
        {
            order = [.. c.VmsOf(1)];
            return c.Now == 1 ? [new SimulatedMove(0, 1), new SimulatedMove(1, 1), new SimulatedMove(2, 1)] : [];
        }

        _ = SmallCluster.Play(setup, SmallCluster.Rows([1, 1, 1], [1, 1, 1], [1, 1, 1]), new Scripted([0, 0, 0], Move));

        Assert.Equal([1, 2, 0], order);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 4)]
    [InlineData(0, -1)]
    public void A_move_that_makes_no_sense_ends_the_simulation(int vm, int to)
    {
        var error = Assert.Throws<SimulationException>(() =>
            SmallCluster.Play(Setup, SmallCluster.Rows([1, 2]), new Scripted([0], _ => [new SimulatedMove(vm, to)])));

        Assert.Contains("VM 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_is_a_limit_at_all_times_when_it_is_said_so()
    {
        var trace = SmallCluster.Rows([1, 2], [1, 2]);
        var policy = new Scripted([0, 1], _ => [new SimulatedMove(0, 1)]);

        Assert.Equal(1, SmallCluster.Play(Setup, trace, policy, ramMb: 1250).Migrations);
        var error = Assert.Throws<SimulationException>(() => SmallCluster.Play(Setup, trace, policy, ramMb: 1249));
        Assert.Contains("1250 MB on host 2", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The same physics once more, slowly: one look-up per VM and moment, for random moves.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_moves_give_the_figures_of_a_plain_calculation(int seed)
    {
        var setup = SmallCluster.Setup with { Hosts = 6 };
        var trace = SmallCluster.Noisy(24, 30, seed);
        var random = new Random(seed);
        var moves = Enumerable.Range(0, 30).Select(_ => Enumerable.Range(0, 24).Where(_ => random.Next(4) == 0).Select(v => (Vm: v, By: 1 + random.Next(5))).ToArray()).ToArray();
        int[] start = [.. Enumerable.Range(0, 24).Select(v => v % 6)];

        var result = SmallCluster.Play(setup, trace, new Scripted(start, c => [.. moves[c.Now].Select(m => new SimulatedMove(m.Vm, (c.HostOf(m.Vm) + m.By) % 6))]));

        var plain = new PlainDay(setup, trace, start).Play(moves);
        Assert.Equal(plain.Kwh, result.EnergyKwh, 9);
        Assert.Equal(plain.Slatah, result.SlatahPct, 9);
        Assert.Equal(plain.Pdm, result.PdmPct, 9);
        Assert.Equal(plain.Unserved, result.UnservedCpuPct, 9);
        Assert.True(result.SlatahPct > 0, "The case has no overload; it would show nothing.");
    }
}
