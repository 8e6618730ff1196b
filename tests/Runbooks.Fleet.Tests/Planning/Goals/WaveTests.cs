using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Planning.Goals;
using Runbooks.Fleet.Planning.Order;

namespace Runbooks.Fleet.Tests.Planning.Goals;

public sealed class WaveTests
{
    private static readonly PlannerPolicy Policy = new() { MemoryHeadroom = 0, HostFailure = HostFailureRule.Off };

    [Fact]
    public void Two_VMs_that_swap_full_hosts_are_freed_by_parking_one()
    {
        var model = Swap(new FleetBuilder().Host("c", memory: 10_000));

        var (moves, refusals) = new WaveOrder(model).Arrange(Moves(model), mindsFailure: false);

        Assert.Empty(refusals);
        Assert.Equal(["v a→c 1", "w b→a 2", "v c→b 3"], moves.Select(m => $"{model.Vms[m.Move.Vm].Name} {model.Hosts[m.Move.From].Name}→{model.Hosts[m.Move.To].Name} {m.Wave}"));
        Assert.Contains("wait for each other", moves[0].Move.Reason(), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nothing_can_be_parked_a_move_is_refused_and_the_cycle_named()
    {
        var model = Swap(new FleetBuilder());

        var (moves, refusals) = new WaveOrder(model).Arrange(Moves(model), mindsFailure: false);

        Assert.Empty(moves);
        Assert.Equal([Constraint.Cycle], refusals[0].Blockade!.Core.ToArray());
        Assert.Contains("v (a to b), w (b to a)", refusals[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_gives_its_capacity_back_after_the_wave_only()
    {
        var model = Model(new FleetBuilder().Host("a", memory: 10_000).Host("b", memory: 10_000).Host("c", memory: 10_000).Vm("v", "a", 8_000).Vm("w", "b", 8_000));

        var (moves, _) = new WaveOrder(model).Arrange([Draft(0, 0, 1), Draft(1, 1, 2)], mindsFailure: false);

        Assert.Equal([(1, 1), (0, 2)], moves.Select(m => (m.Move.Vm, m.Wave)));
    }

    [Fact]
    public void What_would_leave_a_host_that_may_not_fail_is_not_moved()
    {
        var model = Model(new FleetBuilder().Host("a", memory: 10_000).Host("b", memory: 10_000).Vm("v", "a", 5_000).Vm("w", "b", 5_000));

        var (moves, refusals) = new WaveOrder(model).Arrange([Draft(0, 0, 1)], mindsFailure: true);

        Assert.Empty(moves);
        Assert.Equal([Constraint.HostFailure], Assert.Single(refusals).Blockade!.Core.ToArray());
    }

    [Fact]
    public void Arrivals_of_one_wave_count_beside_each_other()
    {
        var model = Model(new FleetBuilder().Host("a").Host("b").Host("c", memory: 10_000).Vm("u", "c", 6_000).Vm("v", "a", 4_000).Vm("w", "a", 4_000));

        var (moves, _) = new WaveOrder(model).Arrange([Draft(1, 0, 2), Draft(2, 0, 2), Draft(0, 2, 1)], mindsFailure: false);

        Assert.Equal([(1, 1), (0, 1), (2, 2)], moves.Select(m => (m.Move.Vm, m.Wave)));
    }

    [Fact]
    public void Two_VMs_that_stay_apart_do_not_arrive_at_one_host_in_one_wave()
    {
        var built = new FleetBuilder().Host("a").Host("b").Host("c").Vm("v", "a").Vm("w", "b").Build();
        var fleet = new FleetSnapshot(built.TakenAt, built.Hosts, built.Vms.Select(v => v with { Traits = new VmTraits { Apart = "pair" } }));
        var model = new PoolModel("p", fleet, Policy, new PlanningRequest(PlanGoal.Balance));

        var (moves, refusals) = new WaveOrder(model).Arrange([Draft(0, 0, 2), Draft(1, 1, 2)], mindsFailure: false);

        Assert.DoesNotContain(moves.GroupBy(m => m.Wave), w => w.Count(m => m.Move.To == 2) > 1);
        Assert.NotEmpty(refusals);
    }

    private static PoolModel Swap(FleetBuilder fleet) =>
        Model(fleet.Host("a", memory: 10_000).Host("b", memory: 10_000).Vm("v", "a", 8_000).Vm("w", "b", 9_000));

    private static IEnumerable<Draft> Moves(PoolModel model) =>
        [Draft(0, model.IndexOf(new HostName("a")), model.IndexOf(new HostName("b"))), Draft(1, model.IndexOf(new HostName("b")), model.IndexOf(new HostName("a")))];

    private static PoolModel Model(FleetBuilder fleet) => new("p", fleet.Build(), Policy, new PlanningRequest(PlanGoal.Balance));

    private static Draft Draft(int vm, int from, int to) => new(vm, from, to, vm, 1, "test", () => "test", Runbooks.Fleet.Planning.Goals.Draft.None);
}
