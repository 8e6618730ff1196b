using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Planning.Ledger;
using Runbooks.Fleet.Policies;

namespace Runbooks.Fleet.Tests.Planning.Goals;

/// <summary>Small fleets for which the right plan is plain.</summary>
public sealed class GoalTests
{
    private static readonly PlannerPolicy Loose = new() { MemoryHeadroom = 0, HostFailure = HostFailureRule.Off, GrowthReserve = 0 };

    [Fact]
    public void Relief_takes_the_cheapest_VM_that_suffices_to_a_used_host()
    {
        var fleet = new FleetBuilder().Host("a").Host("b").Host("empty")
            .Vm("large", "a", 8_192, 4, 1).Vm("small", "a", 1_024, 2, 1).Vm("tiny", "a", 512, 2, 0.5).Vm("other", "b").Build();

        var plan = FleetPlanner.Plan(fleet, new PlanningRequest(PlanGoal.Relieve), Loose);

        var move = Assert.Single(plan.Moves);
        Assert.Equal(("tiny", "b", 1), (move.Vm.Value, move.To.Value, move.Wave));
        Assert.Contains(move.Detail!.Alternatives, a => a.Host.Value == "empty");
    }

    [Fact]
    public void Relief_switches_a_host_on_only_when_nothing_else_takes_the_VM()
    {
        var fleet = new FleetBuilder().Host("a").Host("b").Host("c", power: PowerState.Off)
            .Vm("v1", "a", 1_024, 4, 1).Vm("v2", "a", 1_024, 4, 1).Vm("full", "b", 16_000, 2, 0.1).Build();

        var plan = FleetPlanner.Plan(fleet, new PlanningRequest(PlanGoal.Relieve), Loose);

        Assert.Equal("c", Assert.Single(plan.Moves).To.Value);
        Assert.Equal(("c", PowerState.On, 0), (plan.Power[0].Host.Value, plan.Power[0].Target, plan.Power[0].Wave));
    }

    [Fact]
    public void Relief_asks_a_host_again_when_another_has_made_room()
    {
        var built = new FleetBuilder().Host("a").Host("b").Host("c")
            .Vm("v1", "a", 4_096, 4, 1).Vm("v2", "a", 1_024, 2, 1).Vm("w1", "b", 1_024, 4, 0.875).Vm("w2", "b", 4_096, 1, 1).Build();
        var fleet = Excluded(built, "c", "v1", "v2");

        var plan = FleetPlanner.Plan(fleet, new PlanningRequest(PlanGoal.Relieve), Loose with { Thresholds = new Thresholds { LoadMax = 0.5 } });

        Assert.Equal([("w1", "c"), ("v2", "b")], plan.Moves.Select(m => (m.Vm.Value, m.To.Value)));
        Assert.StartsWith("Pool 'p': 2 of 2 hosts", plan.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void Relief_switches_on_a_host_that_takes_all_VMs_that_stay_together()
    {
        var built = new FleetBuilder().Host("a", cpus: 16).Host("small", cpus: 4, priority: 20, power: PowerState.Off).Host("large", power: PowerState.Off)
            .Vm("v1", "a", 1_024, 3, 1).Vm("v2", "a", 1_024, 3, 1).Vm("fixed", "a", 1_024, 8, 1).Build();
        var fleet = new FleetSnapshot(built.TakenAt, built.Hosts, built.Vms.Select(v =>
            v with { Traits = v.Name.Value == "fixed" ? new VmTraits { Immovable = "it is" } : new VmTraits { Together = "pair" } }));

        var plan = FleetPlanner.Plan(fleet, new PlanningRequest(PlanGoal.Relieve), Loose with { Thresholds = new Thresholds { LoadMax = 0.75 } });

        Assert.Equal([("v1", "large"), ("v2", "large")], plan.Moves.Select(m => (m.Vm.Value, m.To.Value)));
        Assert.Equal(("large", PowerState.On), (Assert.Single(plan.Power).Host.Value, plan.Power[0].Target));
    }

    [Fact]
    public void A_VM_is_not_placed_better_at_the_cost_of_the_promise_unless_it_can_t_stay_or_the_host_is_named()
    {
        var built = new FleetBuilder().Host("a").Host("b").Host("c")
            .Vm("v", "a", 1_024, 2, 0.9).Vm("on-a", "a", 9 * 1_024, 4, 0.9).Vm("on-b", "b", 7 * 1_024).Vm("on-c", "c", 9 * 1_024).Build();
        var fleet = Excluded(built, "c", "v");
        var request = new PlanningRequest(PlanGoal.Place) { Vm = new VmName("v") };
        var keeps = Loose with { HostFailure = HostFailureRule.Keep };

        var plan = FleetPlanner.Plan(fleet, request, keeps);

        Assert.Empty(plan.Moves);
        Assert.Equal([Constraint.HostFailure], Assert.Single(plan.Refusals).Blockade!.Core.ToArray());
        Assert.Equal("b", Assert.Single(FleetPlanner.Plan(fleet, request, Loose).Moves).To.Value);
        Assert.Equal("b", Assert.Single(FleetPlanner.Plan(fleet, request with { Host = new HostName("b") }, keeps).Moves).To.Value);
        Assert.Equal("b", Assert.Single(FleetPlanner.Plan(fleet, request, keeps with { Thresholds = new Thresholds { LoadMax = 0.6 } }).Moves).To.Value);
    }

    [Fact]
    public void A_VM_short_of_CPU_grows_in_place()
    {
        var built = new FleetBuilder().Host("a").Vm("v", "a", 1_024, 2, 0.95).Build();
        var fleet = new FleetSnapshot(built.TakenAt, built.Hosts, [built.Vms[0] with { Traits = new VmTraits { MaxVcpus = 8 } }]);

        var plan = FleetPlanner.Plan(fleet, new PlanningRequest(PlanGoal.Relieve), Loose);

        Assert.Equal(3, Assert.Single(plan.Growths).Vcpus);
        Assert.Empty(plan.Moves);
    }

    [Fact]
    public void What_can_t_leave_an_evacuated_host_is_left_out_with_the_smallest_blockade()
    {
        var built = new FleetBuilder().Host("a").Host("b").Host("c").Vm("free", "a").Vm("bound", "a").Vm("fat", "b", 15_872).Build();
        var fleet = new FleetSnapshot(built.TakenAt, built.Hosts, built.Vms.Select(v =>
            v.Name.Value == "bound" ? v with { Traits = new VmTraits { Excluded = [new HostName("c")] } } : v));

        var plan = FleetPlanner.Plan(fleet, new PlanningRequest(PlanGoal.Evacuate) { Host = new HostName("a") }, Loose);

        Assert.Equal("free", Assert.Single(plan.Moves).Vm.Value);
        var refusal = Assert.Single(plan.Refusals);
        Assert.Equal("bound", refusal.Subject);
        Assert.Equal([Constraint.Memory, Constraint.Excluded], refusal.Blockade!.Core.ToArray());
        Assert.True(refusal.Blockade.AnyOneSuffices);
    }

    [Fact]
    public void A_host_whose_emptying_costs_more_than_it_saves_stays_on()
    {
        var built = new FleetBuilder().Host("a").Host("b", memory: 65_536).Vm("v", "a", 8_192).Vm("w", "b").Vm("x", "b").Build();
        var fleet = new FleetSnapshot(built.TakenAt, built.Hosts.Select(h => h with { Traits = new HostTraits { IdleWatts = 1, PeakWatts = 2 } }), built.Vms);
        var request = new PlanningRequest(PlanGoal.Consolidate);

        var brief = FleetPlanner.Plan(fleet, request, Loose with { ExpectedStay = TimeSpan.FromMinutes(10) });
        var lasting = FleetPlanner.Plan(fleet, request, Loose with { ExpectedStay = TimeSpan.FromDays(1) });

        Assert.Empty(brief.Moves);
        Assert.Equal([Constraint.NotWorthIt], Assert.Single(brief.Refusals).Blockade!.Core.ToArray());
        Assert.NotEmpty(lasting.Moves);
    }

    [Fact]
    public void Deconsolidation_switches_on_what_brings_the_average_below_Load_max()
    {
        var fleet = new FleetBuilder().Host("a").Host("b", power: PowerState.Off).Host("c", power: PowerState.Off)
            .Vm("v1", "a", 1_024, 4, 0.9).Vm("v2", "a", 1_024, 4, 0.9).Build();

        var plan = FleetPlanner.Plan(fleet, new PlanningRequest(PlanGoal.Deconsolidate), Loose);

        Assert.Equal("b", Assert.Single(plan.Power).Host.Value);
        Assert.Equal("b", Assert.Single(plan.Moves).To.Value);
    }

    [Fact]
    public void A_VM_on_no_host_gets_one_and_an_unknown_host_is_refused()
    {
        var built = new FleetBuilder().Host("a").Host("b").Vm("v", "a").Build();
        var fleet = new FleetSnapshot(built.TakenAt, built.Hosts, [.. built.Vms, built.Vms[0] with { Name = new VmName("new"), Host = default }]);

        var plan = FleetPlanner.Plan(fleet, new PlanningRequest(PlanGoal.Place) { Vm = new VmName("new") }, Loose);

        Assert.Equal((default, 0.0), (Assert.Single(plan.Moves).From, plan.Moves[0].Seconds));
        Assert.Contains("no host 'zz'", Assert.Throws<ArgumentException>(() => FleetPlanner.Plan(fleet, new PlanningRequest(PlanGoal.Evacuate) { Host = new HostName("zz") }, Loose)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_move_is_refused_when_the_fleet_has_changed()
    {
        var before = new FleetBuilder().Host("a").Host("b").Vm("v", "a", 8_192, 4, 1).Vm("w", "a", 8_000, 4, 1).Build();
        var move = Assert.Single(FleetPlanner.Plan(before, new PlanningRequest(PlanGoal.Relieve), Loose).Moves);
        var full = new FleetSnapshot(before.TakenAt, before.Hosts, [.. before.Vms, before.Vms[0] with { Name = new VmName("x"), Host = new HostName("b"), MemoryMiB = 16_000 }]);
        var gone = new FleetSnapshot(before.TakenAt, before.Hosts, before.Vms.Select(v => v with { Host = new HostName("b") }));

        Assert.True(MoveCheck.StillAllowed(move, before, Loose));
        Assert.Contains(Constraint.Memory, MoveCheck.WhyNot(move, full, Loose, PlanGoal.Relieve)!.Blockade!.Core);
        Assert.False(MoveCheck.StillAllowed(move, gone, Loose));
    }

    [Fact]
    public void The_ledger_compares_and_names_who_undoes_our_moves()
    {
        var (a, b, at) = (new HostName("a"), new HostName("b"), FleetBuilder.Noon);
        var vms = new[] { new VmName("v1"), new VmName("v2") };
        var ledger = vms.Aggregate(MoveLedger.Empty, (l, vm) => l.Add(new LedgerEntry(vm, a, b, at, "watts", 10, 5))).Measure(vms[0], 6).Measure(vms[1], -1);
        var ours = vms.Select(vm => new SeenMove(vm, a, b, at));
        var theirs = vms.Select(vm => new SeenMove(vm, b, a, at.AddMinutes(3), "crs"));

        var sum = Assert.Single(ledger.Sums());
        Assert.Equal((2, 20.0, 5.0, 1, 0.25), (sum.Moves, sum.Promised, sum.Measured, sum.Useless, sum.Kept));
        var found = Assert.Single(SecondBalancer.Find(ledger, [.. ours, .. theirs], TimeSpan.FromMinutes(30)));
        Assert.Equal(("crs", 2), (found.Name, found.Undone.Length));
        Assert.Empty(SecondBalancer.Find(ledger, [.. ours, theirs.First()], TimeSpan.FromMinutes(30)));
        Assert.Empty(SecondBalancer.Find(ledger, theirs, TimeSpan.FromMinutes(1)));
    }

    /// <summary>The fleet with some VMs that may not be on one host.</summary>
    private static FleetSnapshot Excluded(FleetSnapshot built, string host, params string[] vms) => new(built.TakenAt, built.Hosts, built.Vms.Select(v =>
        vms.Contains(v.Name.Value) ? v with { Traits = new VmTraits { Excluded = [new HostName(host)] } } : v));
}
