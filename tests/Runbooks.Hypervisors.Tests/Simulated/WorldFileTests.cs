using Runbooks.Fleet.Model;
using Runbooks.Fleet.Simulation;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using static Runbooks.Hypervisors.Tests.Simulated.SimulatedWorld;

namespace Runbooks.Hypervisors.Tests.Simulated;

public sealed class WorldFileTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly string folder = Directory.CreateTempSubdirectory("runbooks-world-").FullName;

    private string File => Path.Combine(folder, "fleet.json");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_migration_that_was_under_way_goes_on_where_it_was_in_the_next_process()
    {
        using (var world = new SimulatedWorld(File).WithWeb())
        {
            await world.MigrateAsync();
            world.Time.AdvanceSeconds(4);
        }

        var time = new ManualTime();
        using var next = SimulatedFleet.Load(File, time);
        Assert.Equal(Web, Assert.Single(next.MigratingVms));
        time.AdvanceSeconds(5);
        Assert.Single(next.MigratingVms);
        time.AdvanceSeconds(2);

        Assert.Empty(next.MigratingVms);
        Assert.Equal([VmState.ShutOff, VmState.Running], next.CopiesOf(Web).Select(c => c.State));
    }

    [Fact]
    public async Task Without_a_farewell_the_last_change_is_in_the_file()
    {
        using var killed = new SimulatedWorld(File).WithWeb();
        await killed.PowerB.PowerOffAsync(None);
        await killed.OnA.DestroyAsync(Web, None);

        using var next = SimulatedFleet.Load(File, new ManualTime());

        Assert.Equal(PowerState.Off, next.PowerOf(B));
        Assert.Equal("destroyed", Assert.Single(next.CopiesOf(Web)).Reason);
    }

    [Fact]
    public void A_generated_fleet_keeps_its_day()
    {
        var time = new ManualTime();
        using (var first = SimulatedFleet.OfDay(new DayGenerator(3), new SimulationSettings(), time, File))
        {
            time.AdvanceSeconds(60);
        }

        using var next = SimulatedFleet.LoadOrCreate(File, time, () => throw new InvalidOperationException("The file is there."));

        Assert.Equal(TimeSpan.FromHours(2), next.Day);
        Assert.Equal(12, next.Directory.Hosts.Count);
    }

    [Fact]
    public async Task A_generated_fleet_shows_the_loads_of_its_day()
    {
        var (time, day) = (new ManualTime(), new DayGenerator(3));
        using var fleet = SimulatedFleet.OfDay(day, new SimulationSettings(), time);
        var host = fleet.Directory.Hypervisor(day.Hosts[0].Name);
        var before = (await host.ObserveAsync(None)).Value;

        time.AdvanceSeconds(1);
        var after = (await host.ObserveAsync(None)).Value;

        var vm = after.Vms[0];
        var used = vm.CpuTime - before.Vms[0].CpuTime;
        Assert.Equal(day.LoadOf(vm.Name, TimeSpan.FromHours(1) + TimeSpan.FromSeconds(30)), used.TotalSeconds / vm.Vcpus, 0.01);
        Assert.Equal(16, (after.CpuTotal - before.CpuTotal).TotalSeconds, 0.001);
    }

    [Fact]
    public void A_file_that_is_not_a_world_is_refused_by_name_with_what_to_do()
    {
        System.IO.File.WriteAllText(File, "{ \"Version\": 99 }");
        var newer = Assert.Throws<InvalidDataException>(() => SimulatedFleet.Load(File, TimeProvider.System));
        System.IO.File.WriteAllText(File, "half of a {");
        var torn = Assert.Throws<InvalidDataException>(() => SimulatedFleet.Load(File, TimeProvider.System));

        Assert.Contains("version 99", newer.Message, StringComparison.Ordinal);
        Assert.All([newer, torn], e => Assert.Contains(File, e.Message, StringComparison.Ordinal));
        Assert.All([newer, torn], e => Assert.Contains("Move it away", e.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Guests_that_want_more_than_the_host_has_share_it()
    {
        using var world = new SimulatedWorld();
        world.Fleet.AddVm(A, new SimulatedVm(new("one"), 8, 100, 1));
        world.Fleet.AddVm(A, new SimulatedVm(new("two"), 8, 100, 1));
        world.Time.AdvanceSeconds(10);

        var seen = (await world.OnA.ObserveAsync(None)).Value;

        Assert.Equal(seen.CpuTotal, seen.CpuBusy);
        Assert.All(seen.Vms, v => Assert.InRange(v.CpuTime.TotalSeconds, 39, 40));
    }
}
