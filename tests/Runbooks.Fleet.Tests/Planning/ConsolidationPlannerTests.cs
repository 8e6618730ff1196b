using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Policies;

namespace Runbooks.Fleet.Tests.Planning;

public sealed class ConsolidationPlannerTests
{
    [Fact]
    public void The_lowest_priority_host_is_emptied_and_switched_off_after_its_moves()
    {
        var plan = Three().Plan();

        Assert.Equal(["v1", "v2"], plan.Moves.Select(m => m.Vm.Value).Order(StringComparer.Ordinal));
        Assert.All(plan.Moves, m => Assert.Equal("a", m.From.Value));
        Assert.Equal(new HostName("a"), Assert.Single(plan.Power).Host);
        Assert.Equal(PowerState.Off, plan.Power[0].Target);
        Assert.Equal(ConsolidationPlanner.Goal, plan.Goal);
        Assert.Equal(Three().Build().Hash(), plan.FleetHash);
    }

    [Fact]
    public void Among_equal_priorities_the_least_loaded_host_goes_and_then_the_first_by_name()
    {
        var byLoad = new FleetBuilder().Host("a").Host("b").Host("c").Vm("v1", "a", load: 0.2).Vm("v2", "b", load: 0.1).Vm("v3", "c", load: 0.3).Plan();
        var byName = new FleetBuilder().Host("b").Host("a").Vm("v1", "a").Vm("v2", "b").Plan();

        Assert.Equal("b", byLoad.Power.Single().Host.Value);
        Assert.Equal("a", byName.Power.Single().Host.Value);
    }

    [Fact]
    public void An_average_at_Load_min_leaves_the_pool_alone_and_says_so()
    {
        var plan = new FleetBuilder().Host("a", cpus: 10).Host("b", cpus: 10).Vm("v1", "a", vcpus: 6, load: 1).Plan();

        Assert.True(plan.IsEmpty);
        Assert.Empty(plan.Refusals);
        Assert.Contains("0.300", plan.Summary, StringComparison.Ordinal);
        Assert.Contains("not below Load_min 0.30", plan.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void An_average_just_below_Load_min_pays()
    {
        var plan = new FleetBuilder().Host("a", cpus: 10).Host("b", cpus: 10).Vm("v1", "a", vcpus: 6, load: 0.99).Plan();

        Assert.Equal("b", plan.Power.Single().Host.Value);
        Assert.Empty(plan.Moves);
    }

    [Fact]
    public void An_empty_host_is_switched_off_without_a_move()
    {
        var plan = new FleetBuilder().Host("a").Host("b").Vm("v1", "b").Plan();

        Assert.Empty(plan.Moves);
        Assert.Contains("No VM runs on it", plan.Power.Single().Reason, StringComparison.Ordinal);
        Assert.Equal("a", plan.Power.Single().Host.Value);
    }

    [Fact]
    public void Each_VM_goes_to_the_fullest_host_that_can_take_it()
    {
        var plan = new FleetBuilder()
            .Host("a", priority: 1).Host("b").Host("c")
            .Vm("big", "a", memory: 6_000).Vm("small", "a", memory: 1_000)
            .Vm("v1", "b", memory: 12_000).Vm("v2", "c", memory: 4_000)
            .Plan();

        Assert.Equal([("big", "c"), ("small", "b")], plan.Moves.Select(m => (m.Vm.Value, m.To.Value)));
    }

    [Fact]
    public void A_reason_names_the_VM_the_host_and_the_numbers()
    {
        var reason = new FleetBuilder().Host("a", priority: 1).Host("b").Vm("v1", "a", memory: 2_000, vcpus: 4, load: 0.5).Vm("v2", "b", memory: 3_000).Plan()
            .Moves.Single().Reason;

        Assert.Equal("v1 (2000 MiB, 2.00 cores, 4 vCPUs) fits best on b: memory 5000 of 14745 MiB, load 0.03 to 0.28.", reason);
    }

    [Fact]
    public void A_VM_that_was_never_measured_counts_in_full()
    {
        var plan = new FleetBuilder().Host("a", priority: 1, cpus: 64).Host("b").Vm("v1", "a", vcpus: 7, load: null).Plan();

        Assert.Equal("b", plan.Power.Single().Host.Value);
        Assert.Contains(plan.Refusals, r => r.Subject == "a" && r.Reason.Contains("load 0.88, above Load_max 0.75", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_memory_elsewhere_the_next_host_is_tried_and_the_refusal_says_how_much_is_missing()
    {
        var plan = new FleetBuilder()
            .Host("a", priority: 1).Host("b", priority: 2).Host("c", priority: 3, memory: 10_000)
            .Vm("v1", "a", memory: 12_000).Vm("v2", "b", memory: 4_000)
            .Plan();

        Assert.Equal("b", plan.Power.Single().Host.Value);
        var refusal = plan.Refusals.Single(r => r.Subject == "a").Reason;
        Assert.Contains("VM v1", refusal, StringComparison.Ordinal);
        Assert.Contains("b lacks 1255 MiB of memory (limit 14745 MiB, 4000 MiB taken)", refusal, StringComparison.Ordinal);
        Assert.Contains("c lacks 3000 MiB of memory (limit 9000 MiB, 0 MiB taken)", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void The_ratio_of_vCPUs_keeps_a_host_from_taking_more()
    {
        var plan = new FleetBuilder().Host("a", priority: 1, cpus: 4).Host("b", priority: 2, cpus: 2)
            .Vm("v1", "a", vcpus: 4, load: 0).Vm("v2", "b", vcpus: 2, load: 0)
            .Plan(new ConsolidationPolicy { VcpuRatio = 2 });

        Assert.Equal("b", plan.Power.Single().Host.Value);
        Assert.Contains(plan.Refusals, r => r.Subject == "a" && r.Reason.Contains("6 vCPUs on 2 CPUs", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_reserved_on_a_host_is_not_given_away_twice()
    {
        var fleet = new FleetBuilder().Host("a", priority: 1).Host("b", priority: 2).Host("c", priority: 3, pool: "other")
            .Vm("v1", "a", memory: 8_000).Vm("guest", "c", memory: 8_000).Reserve("guest", "c", "b", 8_000);

        var plan = fleet.Plan(new ConsolidationPolicy { Pool = "p" });

        Assert.True(plan.IsEmpty);
        Assert.Contains(plan.Refusals, r => r.Subject == "a" && r.Reason.Contains("b lacks 1255 MiB", StringComparison.Ordinal));
        Assert.Contains(plan.Refusals, r => r.Subject == "b" && r.Reason.Contains("VM guest is on its way to it", StringComparison.Ordinal));
    }

    [Fact]
    public void A_VM_that_a_run_holds_keeps_its_host_from_being_emptied()
    {
        var plan = Three().Reserve("v1", "a", "c", 1_024).Plan();

        Assert.Equal("b", plan.Power.Single().Host.Value);
        Assert.Contains(plan.Refusals, r => r.Subject == "a" && r.Reason.Contains("VM v1 is held by run-1", StringComparison.Ordinal));
    }

    /// <summary>The VM has arrived, and its run has still to see to the host that it left.</summary>
    [Fact]
    public void A_host_that_a_VM_is_leaving_is_not_switched_off_even_when_nothing_runs_on_it()
    {
        var plan = Three().Vm("gone", "c").Reserve("gone", "a", "c", 1_024).Plan();

        Assert.Equal("b", plan.Power.Single().Host.Value);
        Assert.Contains(plan.Refusals, r => r.Subject == "a" && r.Reason.Contains("VM gone is held by run-1 for its move to c", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(VmState.Paused, "is paused")]
    [InlineData(VmState.Crashed, "has crashed")]
    [InlineData(VmState.Unknown, "is not known")]
    public void A_VM_that_is_neither_running_nor_shut_off_keeps_its_host_on(VmState state, string says)
    {
        var plan = Three().Vm("odd", "a", state: state).Plan();

        Assert.Equal("b", plan.Power.Single().Host.Value);
        Assert.Contains(plan.Refusals, r => r.Subject == "a" && r.Reason.Contains(says, StringComparison.Ordinal));
    }

    [Fact]
    public void A_VM_that_is_shut_off_stays_defined_on_its_host_and_the_plan_says_so()
    {
        var plan = Three().Vm("sleeper", "a", memory: 64_000, state: VmState.ShutOff).Plan();

        Assert.DoesNotContain(plan.Moves, m => m.Vm.Value == "sleeper");
        Assert.Equal("a", plan.Power.Single().Host.Value);
        Assert.Contains("cannot be started until it is on again: sleeper", plan.Power[0].Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PowerState.On, HostMode.Maintenance, true, "maintenance")]
    [InlineData(PowerState.On, HostMode.Cordoned, true, "cordoned")]
    [InlineData(PowerState.On, HostMode.Active, false, "does not answer")]
    [InlineData(PowerState.Unknown, HostMode.Active, true, "Nobody could tell")]
    public void A_host_that_may_not_be_touched_neither_gives_nor_takes(PowerState power, HostMode mode, bool reachable, string says)
    {
        var plan = new FleetBuilder().Host("a", priority: 1, power: power, mode: mode, reachable: reachable).Host("b", priority: 2).Host("c", priority: 3)
            .Vm("v1", "a").Vm("v2", "b").Vm("v3", "c").Plan();

        Assert.Equal("b", plan.Power.Single().Host.Value);
        Assert.All(plan.Moves, m => Assert.Equal("c", m.To.Value));
        Assert.Contains(plan.Refusals, r => r.Subject == "a" && r.Reason.Contains(says, StringComparison.Ordinal));
    }

    [Fact]
    public void A_host_that_is_off_takes_nothing_and_is_no_refusal()
    {
        var plan = new FleetBuilder().Host("a", priority: 1).Host("b", priority: 2, power: PowerState.Off).Host("c", priority: 3).Vm("v1", "a").Plan();

        Assert.Equal("c", plan.Moves.Single().To.Value);
        Assert.DoesNotContain(plan.Refusals, r => r.Subject == "b");
    }

    [Fact]
    public void The_minimum_of_active_hosts_stays_on()
    {
        var plan = Three().Plan(new ConsolidationPolicy { MinActiveHosts = 3 });

        Assert.True(plan.IsEmpty);
        Assert.Contains("minimum of 3", plan.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_host_of_a_pool_stays_on_by_default()
    {
        var plan = new FleetBuilder().Host("a").Plan();

        Assert.True(plan.IsEmpty);
    }

    [Fact]
    public void Every_host_that_stays_on_has_a_refusal()
    {
        var plan = Three().Plan();

        Assert.Equal(["b", "c"], plan.Refusals.Select(r => r.Subject).Order(StringComparer.Ordinal));
        Assert.All(plan.Refusals, r => Assert.Contains("a comes first", r.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public void VMs_stay_in_their_pool_and_the_first_pool_that_pays_is_planned()
    {
        var plan = new FleetBuilder()
            .Host("a1", pool: "a").Host("a2", pool: "a").Host("b1", pool: "b", priority: 1).Host("b2", pool: "b")
            .Vm("busy1", "a1", vcpus: 8, load: 0.9).Vm("busy2", "a2", vcpus: 8, load: 0.9).Vm("idle", "b1")
            .Plan();

        var move = plan.Moves.Single();
        Assert.Equal(("b1", "b2"), (move.From.Value, move.To.Value));
        Assert.Contains("Pool 'b'", plan.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pool_that_does_not_exist_gives_an_empty_plan_that_says_so()
    {
        var plan = Three().Plan(new ConsolidationPolicy { Pool = "nowhere" });

        Assert.True(plan.IsEmpty);
        Assert.Equal("There is no pool 'nowhere'.", plan.Summary);
    }

    [Fact]
    public void Load_max_of_the_policy_binds_every_destination()
    {
        var tight = new ConsolidationPolicy { Thresholds = new Thresholds { LoadMax = 0.2 } };

        var plan = new FleetBuilder().Host("a", priority: 1).Host("b").Vm("v1", "a", vcpus: 4, load: 0.3).Vm("v2", "b", vcpus: 4, load: 0.3).Plan(tight);

        Assert.True(plan.IsEmpty);
        Assert.Contains(plan.Refusals, r => r.Reason.Contains("load 0.30, above Load_max 0.20", StringComparison.Ordinal));
    }

    private static FleetBuilder Three() => new FleetBuilder()
        .Host("a", priority: 1).Host("b", priority: 2).Host("c", priority: 3)
        .Vm("v1", "a").Vm("v2", "a").Vm("v3", "b").Vm("v4", "c");
}
