using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Policies;
using Runbooks.Fleet.Simulation.Policies.Measured;
using Runbooks.Fleet.Simulation.Traces;

namespace Runbooks.Fleet.Tests.Simulation;

public sealed class RunbooksPolicyTests
{
    private static readonly ClusterSetup Setup = SmallCluster.Setup with { Hosts = 160 };

    [Fact]
    public void It_uses_less_energy_with_few_moves_and_little_overload_on_a_fleet_that_it_was_not_made_for()
    {
        var trace = SmallCluster.Noisy(160, 288, 7);
        var regression = SmallCluster.Play(Setup, trace, PaperPolicy.Regression(1.2));

        var own = SmallCluster.Play(Setup, trace, new RunbooksPolicy());

        Assert.InRange(own.EnergyKwh / regression.EnergyKwh, 0, 0.85);
        Assert.InRange((double)own.Migrations / regression.Migrations, 0, 0.1);
        Assert.InRange(own.SlatahPct / regression.SlatahPct, 0, 0.25);
        Assert.InRange(own.UnservedCpuPct / regression.UnservedCpuPct, 0, 0.25);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Memory_is_never_exceeded_and_hosts_are_about_as_few_as_with_free_repacking(int seed)
    {
        var trace = SmallCluster.Noisy(160, 100, seed);
        var oracle = RepackingOracle.Of(Setup, trace, 8192);

        // The simulator refuses a placement that breaks the limit.
        var own = SmallCluster.Play(Setup, trace, new RunbooksPolicy(), ramMb: 8192);

        Assert.InRange(own.EnergyKwh / oracle.EnergyKwh, 0, 1.06);
    }

    [Fact]
    public void The_same_day_gives_the_same_decisions()
    {
        var trace = SmallCluster.Noisy(80, 60, 3);

        var (first, second) = (SmallCluster.Play(Setup, trace, new RunbooksPolicy()), SmallCluster.Play(Setup, trace, new RunbooksPolicy()));

        Assert.Equal(first with { DecideMs = 0 }, second with { DecideMs = 0 });
    }

    [Fact]
    public void A_steady_fleet_is_left_alone_after_the_first_consolidation()
    {
        var trace = SmallCluster.Rows([.. Enumerable.Range(0, 40).Select(v => Enumerable.Repeat(10.0 + (v % 20), 50).ToArray())]);
        var moves = new List<int>();

        _ = SmallCluster.Play(Setup, trace, new Watching(new RunbooksPolicy(), (c, d) => moves.Add(d.Counted)));

        Assert.True(moves[0] > 0);
        Assert.All(moves.Skip(1), m => Assert.Equal(0, m));
    }

    [Fact]
    public void A_rise_of_the_whole_fleet_switches_hosts_on_and_a_fall_empties_them()
    {
        static double[] Day(int v) => [.. Enumerable.Range(0, 150).Select(k => (k is > 50 and < 100 ? 45.0 : 15) + ((v * 7 + k * 11) % 9))];
        var trace = SmallCluster.Rows([.. Enumerable.Range(0, 80).Select(Day)]);
        var used = new List<int>();

        var result = SmallCluster.Play(Setup, trace, new Watching(new RunbooksPolicy(), (c, _) => used.Add(Enumerable.Range(0, c.Vms).Select(c.HostOf).Distinct().Count())));

        Assert.InRange(used[95], used[45] * 2, used[45] * 4);
        Assert.InRange(used[148], used[45], (used[45] + used[95]) / 2);
        Assert.InRange(result.SlatahPct, 0, 2);
    }

    [Fact]
    public void Overload_is_relieved_by_the_VM_that_is_gone_soonest_when_others_would_do_as_well()
    {
        // Host 1 has 5320 MIPS: three VMs of 1900 with different memory; host 3 is in use and has room.
        var setup = Setup with { Hosts = 4, Sizes = [new VmSize(2000, 1740), new VmSize(2000, 870), new VmSize(2000, 3000), new VmSize(100, 100)] };
        var trace = SmallCluster.Rows([50, 50, 95], [50, 50, 95], [50, 50, 95], [50, 50, 50]);
        var cluster = View(setup, trace, [1, 1, 1, 3], 2);
        var state = new RiskState(cluster, new DemandHistory(cluster, new RunbooksOptions()), new RunbooksOptions());

        _ = new OverloadRelief(state, new RunbooksOptions()).Run();

        Assert.Equal([1, 3, 1, 3], Enumerable.Range(0, 4).Select(state.Fleet.HostOf));
    }

    [Fact]
    public void Overload_goes_to_a_new_host_only_when_nothing_in_use_has_room()
    {
        var setup = Setup with { Hosts = 6, Sizes = [new VmSize(2000, 870)] };
        double[][] rows = [.. Enumerable.Range(0, 6).Select(_ => new double[] { 50, 50, 95 })];
        var cluster = View(setup, SmallCluster.Rows(rows), [1, 1, 1, 3, 3, 3], 2);
        var state = new RiskState(cluster, new DemandHistory(cluster, new RunbooksOptions()), new RunbooksOptions());

        var opened = new OverloadRelief(state, new RunbooksOptions()).Run();

        Assert.Equal([5], opened);
        Assert.All([1, 3], h => Assert.True(state.NowOn(h) <= 5320));
    }

    [Fact]
    public void Moves_that_are_taken_back_leave_no_trace()
    {
        var cluster = View(Setup with { Hosts = 8 }, SmallCluster.Noisy(24, 40, 5), [.. Enumerable.Range(0, 24).Select(v => v % 6)], 39);
        var state = new RiskState(cluster, new DemandHistory(cluster, new RunbooksOptions()), new RunbooksOptions());
        double[] Picture() => [.. Enumerable.Range(0, 8).SelectMany(h => new[] { state.Risk(h), state.NowOn(h), state.Fleet.MeanOf(h), state.Fleet.CountOn(h) })];
        var before = Picture();

        for (var v = 0; v < 24; v++)
        {
            state.Move(v, (v * 5) % 8);
        }

        Assert.NotEqual(before[0], Picture()[0]);
        state.UndoTo(0);
        Assert.All(before.Zip(Picture()), p => Assert.Equal(p.First, p.Second, 9));
    }

    [Fact]
    public void The_risk_of_a_host_sees_VMs_that_peak_together()
    {
        double[] Peaks(int phase) => [.. Enumerable.Range(0, 40).Select(k => (k + phase) % 4 == 0 ? 100.0 : 20)];
        var trace = SmallCluster.Rows(Peaks(0), Peaks(0), Peaks(0), Peaks(0), Peaks(1), Peaks(2));
        var setup = Setup with { Hosts = 4, Sizes = [new VmSize(2000, 870)] };
        var together = View(setup, trace, [1, 1, 1, 3, 3, 3], 39);
        var options = new RunbooksOptions();
        var state = new RiskState(together, new DemandHistory(together, options), options);

        // Host 1: three peaks at once, in every fourth sample. Host 3: one after another, never above 2800 of 5320.
        Assert.InRange(state.Risk(1), 0.15, 0.4);
        Assert.InRange(state.Risk(3), 0, 0.05);
    }

    [Fact]
    public void A_fleet_that_is_nearly_full_is_placed_in_the_order_that_fits()
    {
        // Small VMs together would leave one host only for the two that need nearly all memory.
        var setup = Setup with
        {
            Hosts = 2,
            Models = [Setup.Models[0] with { RamMb = 3_500, HardRamMb = 3_500 }, Setup.Models[1] with { RamMb = 3_500, HardRamMb = 3_500 }],
            Sizes = [new VmSize(1800, 3_400), new VmSize(1800, 3_400), new VmSize(1000, 100), new VmSize(1000, 100)],
        };
        var trace = SmallCluster.Rows([5, 5], [5, 5], [5, 5], [5, 5]);

        Assert.Equal([0, 1, 0, 1], new RunbooksPolicy().Place(new ClusterView(setup, trace, null)));
    }

    [Fact]
    public void The_past_is_raised_to_the_level_of_the_fleet_today()
    {
        double[] Rising(double low) => [.. Enumerable.Repeat(low, 24), .. Enumerable.Repeat(2 * low, 12)];
        var setup = Setup with { Hosts = 4, Sizes = [new VmSize(1000, 870)] };
        var cluster = View(setup, SmallCluster.Rows(Rising(20), Rising(20), Rising(20)), [0, 1, 2], 35);

        var demand = new DemandHistory(cluster, new RunbooksOptions { Recent = 12, Window = 48, OwnLevel = 0 });

        // Seen: 200 and then 400 MIPS, 267 on average; lately 1.5 times that.
        Assert.All(demand.Mean, m => Assert.Equal(400, m, 6));
        Assert.Equal(300, demand.Past(0)[0], 6);
    }

    [Fact]
    public void The_past_of_a_VM_is_brought_half_the_way_to_its_own_level()
    {
        double[] works = [.. Enumerable.Repeat(20.0, 24), .. Enumerable.Repeat(60.0, 6)];
        double[] ends = [.. Enumerable.Repeat(60.0, 24), .. Enumerable.Repeat(20.0, 6)];
        var setup = Setup with { Hosts = 4, Sizes = [new VmSize(1000, 870)] };
        var cluster = View(setup, SmallCluster.Rows(works, ends), [0, 1], 29);

        var demand = new DemandHistory(cluster, new RunbooksOptions { Recent = 30, OwnRecent = 6, OwnLevel = 0.5, FleetSamples = 0 });

        // Means of 280 and 520 MIPS, lately 600 and 200: halfway.
        Assert.Equal(440, demand.Mean[0], 6);
        Assert.Equal(360, demand.Mean[1], 6);
        Assert.Equal([360, 760], [demand.Past(0)[0], demand.Past(0)[29]]);
        Assert.Equal([440, 40], [demand.Past(1)[0], demand.Past(1)[29]]);
    }

    [Fact]
    public void A_host_is_switched_on_for_a_risk_before_there_is_overload()
    {
        double[] peaks = [.. Enumerable.Range(0, 40).Select(k => k % 4 == 0 ? 100.0 : 20)];
        var setup = Setup with { Hosts = 4, Sizes = [new VmSize(2000, 870)] };

        var decision = new RunbooksPolicy().Decide(View(setup, SmallCluster.Rows(peaks, peaks, peaks), [1, 1, 1], 38));

        Assert.Equal(3, Assert.Single(decision.Moves).To);
    }

    [Fact]
    public void Sizes_are_mixed_at_first_where_memory_is_a_limit()
    {
        var cluster = new ClusterView(Setup with { Hosts = 40 }, SmallCluster.Noisy(40, 3, 1), 16_384);

        var placed = new RunbooksPolicy().Place(cluster);

        // VMs 20 to 29 have 1000 MIPS, the last ten 500: three fast hosts carry them, each some of both.
        Assert.Equal(placed[20..30].Distinct().Order(), placed[30..].Distinct().Order());
    }

    [Fact]
    public void A_forecast_that_is_too_hopeful_is_corrected()
    {
        var calibration = new Calibration(memory: 0.95, trust: 10);
        Assert.Equal(1, calibration.Factor, 9);
        for (var i = 0; i < 200; i++)
        {
            calibration.Observe(overloaded: 3, expected: 1.5);
        }

        Assert.Equal((60.0 + 10) / (30 + 10), calibration.Factor, 2);
    }

    private static ClusterView View(ClusterSetup setup, LoadTrace trace, int[] hosts, int now)
    {
        var cluster = new ClusterView(setup, trace, null) { Now = now };
        for (var v = 0; v < hosts.Length; v++)
        {
            cluster.Put(v, hosts[v]);
        }

        return cluster;
    }

    private sealed class Watching(IClusterPolicy policy, Action<ClusterView, Decision> seen) : IClusterPolicy
    {
        public int[] Place(ClusterView cluster) => policy.Place(cluster);

        public Decision Decide(ClusterView cluster)
        {
            var decision = policy.Decide(cluster);
            seen(cluster, decision);
            return decision;
        }
    }
}
