using FsCheck;
using FsCheck.Fluent;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using HostName = Runbooks.Fleet.Model.HostName;

namespace Runbooks.Fleet.Tests.Planning;

/// <summary>
/// What holds for every fleet. The limits are computed here anew, from the fleet and the policy, not with the planner's
/// own arithmetic.
/// </summary>
public sealed class ConsolidationProperties
{
    private const double Rounding = 1e-9;

    [Fact]
    public void Enough_of_the_fleets_have_a_plan_with_moves_for_the_other_properties_to_mean_something()
    {
        var plans = RandomFleets.Any.Generator.Sample(1_000).Select(s => s.Plan()).ToList();

        Assert.InRange(plans.Count(p => p.Moves.Length >= 2), 100, 1_000);
        Assert.InRange(plans.Count(p => p.IsEmpty), 100, 1_000);
    }

    [Fact]
    public void After_each_move_its_destination_is_within_memory_load_and_vCPU_limits() => ForAll(s =>
    {
        var fleet = s.Fleet;
        foreach (var move in s.Plan().Moves)
        {
            fleet = FleetBuilder.Apply(fleet, Only(move));
            AssertWithinLimits(fleet, fleet.FindHost(move.To)!, s.Policy);
        }
    });

    [Fact]
    public void A_plan_empties_exactly_the_host_that_it_switches_off() => ForAll(s =>
    {
        var plan = s.Plan();
        if (plan.IsEmpty)
        {
            return;
        }

        var off = Assert.Single(plan.Power).Host;
        var after = FleetBuilder.Apply(s.Fleet, plan);
        Assert.All(plan.Moves, m => Assert.Equal(off, m.From));
        Assert.DoesNotContain(after.VmsOn(off), v => v.State != VmState.ShutOff);
        Assert.DoesNotContain(s.Fleet.Reservations, r => r.Destination == off && s.Fleet.FindVm(r.Vm)?.Host != off);
        var left = s.Fleet.VmsOn(off).Where(v => v.State == VmState.Running).Select(v => v.Name);
        Assert.Equal(left.Order(), plan.Moves.Select(m => m.Vm).Order());
        Assert.Equal(s.Fleet.Vms.Length, after.Vms.Length);
    });

    [Fact]
    public void VMs_go_only_to_active_reachable_hosts_of_their_pool_that_are_on_and_nothing_that_is_held_is_moved() => ForAll(s =>
    {
        foreach (var move in s.Plan().Moves)
        {
            var (from, to) = (s.Fleet.FindHost(move.From)!, s.Fleet.FindHost(move.To)!);
            Assert.Equal(from.Pool, to.Pool);
            Assert.Equal((PowerState.On, HostMode.Active, true), (to.Power, to.Mode, to.Reachable));
            Assert.Equal((PowerState.On, HostMode.Active, true), (from.Power, from.Mode, from.Reachable));
            Assert.NotEqual(move.From, move.To);
            Assert.DoesNotContain(s.Fleet.Reservations, r => r.Vm == move.Vm);
        }
    });

    [Fact]
    public void The_minimum_of_active_hosts_stays_on_in_the_pool() => ForAll(s =>
    {
        foreach (var action in s.Plan().Power)
        {
            var pool = s.Fleet.FindHost(action.Host)!.Pool;
            var stay = s.Fleet.Hosts.Count(h => h.Pool == pool && IsUsable(h) && h.Name != action.Host);
            Assert.True(stay >= s.Policy.MinActiveHosts, $"{stay} stay on");
        }
    });

    [Fact]
    public void A_pool_is_touched_only_when_its_average_is_below_Load_min() => ForAll(s =>
    {
        foreach (var action in s.Plan().Power)
        {
            var pool = s.Fleet.FindHost(action.Host)!.Pool;
            var on = s.Fleet.Hosts.Where(h => h.Pool == pool && h is { Power: PowerState.On, Reachable: true }).ToList();
            var used = on.Sum(h => s.Fleet.VmsOn(h.Name).Sum(v => v.CpuCores));
            Assert.True(used / on.Sum(h => h.Cpus) < s.Policy.Thresholds.LoadMin + Rounding);
        }
    });

    [Fact]
    public void Every_host_that_comes_before_the_emptied_one_has_a_refusal_of_its_own() => ForAll(s =>
    {
        var plan = s.Plan();
        foreach (var action in plan.Power)
        {
            var chosen = s.Fleet.FindHost(action.Host)!;
            var before = s.Fleet.Hosts.Where(h => h.Pool == chosen.Pool && IsUsable(h) && h.Priority < chosen.Priority);
            Assert.All(before, h => Assert.Contains(plan.Refusals, r => r.Subject == h.Name.Value && !r.Reason.StartsWith("One host per plan", StringComparison.Ordinal)));
        }
    });

    [Fact]
    public void The_same_fleet_in_any_order_gives_the_same_plan() => ForAll(s =>
    {
        var reversed = new FleetSnapshot(s.Fleet.TakenAt, s.Fleet.Hosts.Reverse(), s.Fleet.Vms.Reverse(), s.Fleet.Reservations.Reverse());

        var (one, two) = (s.Plan(), ConsolidationPlanner.Plan(reversed, s.Policy));

        Assert.Equal(one.Moves.AsEnumerable(), two.Moves);
        Assert.Equal(one.Power.AsEnumerable(), two.Power);
        Assert.Equal(one.Refusals.AsEnumerable(), two.Refusals);
        Assert.Equal((one.Summary, one.FleetHash), (two.Summary, two.FleetHash));
    });

    [Fact]
    public void Planning_again_and_again_ends_and_no_VM_returns_to_a_host_that_it_left() => ForAll(s =>
    {
        var fleet = s.Fleet;
        var left = new HashSet<(VmName Vm, HostName Host)>();
        for (var rounds = 0; ; rounds++)
        {
            var plan = ConsolidationPlanner.Plan(fleet, s.Policy);
            Assert.All(plan.Moves, m => Assert.DoesNotContain((m.Vm, m.To), left));
            left.UnionWith(plan.Moves.Select(m => (m.Vm, m.From)));
            if (plan.IsEmpty)
            {
                return;
            }

            Assert.True(rounds < fleet.Hosts.Length, "Each plan switches a host off, so there are no more plans than hosts.");
            fleet = FleetBuilder.Apply(fleet, plan);
        }
    });

    private static void ForAll(Action<Situation> holds) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(RandomFleets.Any, holds));

    private static bool IsUsable(Host host) => host is { Power: PowerState.On, Reachable: true, Mode: HostMode.Active };

    private static Plan Only(Move move) => new(ConsolidationPlanner.Goal, string.Empty, [move], [], [], string.Empty);

    private static void AssertWithinLimits(FleetSnapshot fleet, Host host, ConsolidationPolicy policy)
    {
        var vms = fleet.VmsOn(host.Name).Where(v => v.State != VmState.ShutOff).ToList();
        var arriving = fleet.Reservations.Where(r => r.Destination == host.Name && fleet.FindVm(r.Vm)?.Host != host.Name).ToList();
        var memory = vms.Sum(v => v.MemoryMiB) + arriving.Sum(r => r.MemoryMiB);
        var vcpus = vms.Sum(v => v.Vcpus) + arriving.Sum(r => r.Vcpus);
        var cores = vms.Sum(v => v.CpuCores) + arriving.Sum(r => fleet.FindVm(r.Vm)!.CpuCores);
        Assert.True(memory <= host.MemoryMiB * (1 - policy.MemoryHeadroom), $"{host.Name}: {memory} MiB of {host.MemoryMiB}");
        Assert.True(vcpus <= host.Cpus * policy.VcpuRatio, $"{host.Name}: {vcpus} vCPUs");
        Assert.True(cores / host.Cpus <= policy.Thresholds.LoadMax + Rounding, $"{host.Name}: load {cores / host.Cpus}");
    }
}
