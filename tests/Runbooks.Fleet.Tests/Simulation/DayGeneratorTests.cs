using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Simulation;
using Runbooks.Fleet.Tests.Planning;

namespace Runbooks.Fleet.Tests.Simulation;

public sealed class DayGeneratorTests
{
    public static TheoryData<int> Seeds => [1, 2, 3, 4, 5, 6, 7, 8, 42, 2_026];

    [Fact]
    public void The_same_seed_gives_the_same_fleet_and_the_same_loads_and_another_seed_does_not()
    {
        var (one, same, other) = (new DayGenerator(7), new DayGenerator(7), new DayGenerator(8));

        Assert.Equal(one.Vms.AsEnumerable(), same.Vms);
        Assert.Equal(Loads(one), Loads(same));
        Assert.NotEqual(Loads(one), Loads(other));

        static List<double> Loads(DayGenerator day) => [.. Times().SelectMany(t => day.Vms.Select(v => day.LoadOf(v.Name, t)))];
    }

    [Fact]
    public void A_fleet_has_twelve_hosts_and_sixty_VMs_that_fit_on_them()
    {
        var day = new DayGenerator(1);

        Assert.Equal((12, 60), (day.Hosts.Length, day.Vms.Length));
        Assert.All(day.Hosts, h => Assert.InRange(day.Vms.Where(v => v.Host == h.Name).Sum(v => v.MemoryMiB), 1, (int)(h.MemoryMiB * 0.9)));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_load_is_a_share_and_moves_without_leaps(int seed)
    {
        var day = new DayGenerator(seed);
        foreach (var vm in day.Vms)
        {
            for (var minute = 0; minute < 2 * 24 * 60; minute += 7)
            {
                var at = TimeSpan.FromMinutes(minute);
                var (now, soon) = (day.LoadOf(vm.Name, at), day.LoadOf(vm.Name, at + TimeSpan.FromSeconds(10)));
                Assert.InRange(now, 0.01, 1);
                Assert.InRange(Math.Abs(now - soon), 0, 0.02);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void The_night_is_far_below_Load_min_and_the_afternoon_is_not(int seed)
    {
        var day = new DayGenerator(seed);

        Assert.InRange(Average(day, TimeSpan.FromHours(2)), 0.05, 0.20);
        Assert.InRange(Average(day, TimeSpan.FromHours(4)), 0.05, 0.20);
        Assert.InRange(Average(day, TimeSpan.FromHours(16)), 0.28, 0.60);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void What_the_night_leaves_on_carries_the_whole_day(int seed)
    {
        var day = new DayGenerator(seed);
        var fleet = Snapshot(day, TimeSpan.FromHours(2));
        for (var plan = ConsolidationPlanner.Plan(fleet, new ConsolidationPolicy()); !plan.IsEmpty; plan = ConsolidationPlanner.Plan(fleet, new ConsolidationPolicy()))
        {
            fleet = FleetBuilder.Apply(fleet, plan);
        }

        var on = fleet.Hosts.Where(h => h.Power == PowerState.On).ToList();
        Assert.InRange(on.Count, 6, 9);
        foreach (var at in Times())
        {
            Assert.All(on, h => Assert.InRange(fleet.VmsOn(h.Name).Sum(v => v.Vcpus * day.LoadOf(v.Name, at)) / h.Cpus, 0, 0.95));
        }
    }

    [Fact]
    public void A_VM_of_another_fleet_is_refused_by_name()
    {
        var refused = Assert.Throws<ArgumentException>(() => new DayGenerator(1).LoadOf(new VmName("stranger"), TimeSpan.Zero));

        Assert.Contains("'stranger'", refused.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<TimeSpan> Times() => Enumerable.Range(0, 24 * 12).Select(i => TimeSpan.FromMinutes(i * 5));

    private static double Average(DayGenerator day, TimeSpan at) =>
        day.Vms.Sum(v => v.Vcpus * day.LoadOf(v.Name, at)) / day.Hosts.Sum(h => h.Cpus);

    private static FleetSnapshot Snapshot(DayGenerator day, TimeSpan at) => new(
        FleetBuilder.Noon,
        day.Hosts.Select(h => new Host(h.Name, "default", h.Cpus, h.MemoryMiB, h.Priority, PowerState.On, HostMode.Active)),
        day.Vms.Select(v => new Vm(v.Name, Guid.Empty, v.Host, VmState.Running, v.Vcpus, v.MemoryMiB, day.LoadOf(v.Name, at))));
}
