using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using static Runbooks.Hypervisors.Tests.Simulated.SimulatedWorld;

namespace Runbooks.Hypervisors.Tests.Simulated;

public sealed class MigrationModelTests : IDisposable
{
    private const double MiB = 1024 * 1024;
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly SimulatedWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task Each_round_sends_what_was_dirtied_in_the_one_before()
    {
        world.WithWeb(dirtyMiBs: 50, workingSetMiB: 800);
        await world.MigrateAsync(hold: true);

        world.Time.AdvanceSeconds(5);
        var first = await world.ProgressAsync();
        world.Time.AdvanceSeconds(7.5);
        var second = await world.ProgressAsync();

        // Round 1: 1,000 MiB in 10 s, 500 dirtied. Round 2: 500 MiB in 5 s, half of it done after 2.5 s.
        Assert.Equal((1, 500, 0), (first.Round, (int)(first.SentBytes / MiB), (int)(first.DirtyBytesPerSecond / MiB)));
        Assert.Equal((2, 1_250, 50), (second.Round, (int)Math.Round(second.SentBytes / MiB), (int)(second.DirtyBytesPerSecond / MiB)));
        Assert.Equal(250 + 125, (int)Math.Round(second.RemainingBytes / MiB));
    }

    [Fact]
    public async Task The_guest_is_stopped_when_the_rest_fits_into_the_downtime_and_then_runs_at_the_destination()
    {
        world.WithWeb(dirtyMiBs: 2, workingSetMiB: 100);
        await world.MigrateAsync();

        world.Time.AdvanceSeconds(10.1);
        Assert.Equal(MigrationPhase.StopAndCopy, (await world.ProgressAsync()).Phase);
        Assert.Equal("a Paused migrating, b Paused migrating", world.Copies());

        world.Time.AdvanceSeconds(1);
        Assert.Equal("a ShutOff migrated, b Running migrated", world.Copies());
        var figures = (await world.OnB.CompletedMigrationAsync(Web, None)).Value;
        Assert.Equal((1, 1_020), (figures.Rounds, (int)Math.Round(figures.SentBytes / MiB)));
        Assert.Equal(TimeSpan.FromSeconds(0.23), figures.Downtime);
        Assert.Equal(TimeSpan.FromSeconds(10.23), figures.Elapsed);
    }

    [Fact]
    public async Task A_guest_that_writes_faster_than_the_link_carries_never_switches_over_by_itself()
    {
        world.WithWeb(dirtyMiBs: 300, workingSetMiB: 200);
        await world.MigrateAsync();

        world.Time.AdvanceSeconds(600);

        var progress = await world.ProgressAsync();
        Assert.Equal(MigrationPhase.PreCopy, progress.Phase);
        Assert.InRange(progress.Round, 200, 400);
    }

    [Fact]
    public async Task A_held_switch_over_waits_for_its_release_and_an_idle_guest_does_not()
    {
        world.WithWeb(dirtyMiBs: 1);
        world.Fleet.AddVm(A, new SimulatedVm(new("idle"), 1, 100, 0));
        await world.MigrateAsync(hold: true);
        await world.OnA.StartMigrationAsync(new MigrationRequest(new("idle"), B, null, HoldSwitchOver: true), None);

        world.Time.AdvanceSeconds(60);
        Assert.StartsWith("a Running", world.Copies(), StringComparison.Ordinal);
        Assert.EndsWith("b Running migrated", world.Copies(new("idle")), StringComparison.Ordinal);

        await world.OnA.ReleaseSwitchOverAsync(Web, TimeSpan.FromMilliseconds(100), None);
        world.Time.AdvanceSeconds(1);
        Assert.EndsWith("b Running migrated", world.Copies(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Aborting_is_refused_once_the_guest_may_run_at_the_destination()
    {
        world.WithWeb(dirtyMiBs: 2, workingSetMiB: 100);
        await world.MigrateAsync();
        world.Time.AdvanceSeconds(10.1);

        var abort = await world.OnA.AbortMigrationAsync(Web, None);

        Assert.Equal(FaultKind.Refused, abort.Fault?.Kind);
        world.Time.AdvanceSeconds(1);
        Assert.EndsWith("b Running migrated", world.Copies(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bandwidth_limit_slows_the_copy()
    {
        world.WithWeb();
        await world.MigrateAsync(bandwidth: 10);

        world.Time.AdvanceSeconds(50);

        Assert.Equal(500, (int)((await world.ProgressAsync()).SentBytes / MiB));
    }

    [Fact]
    public async Task Neither_a_start_nor_an_arrival_takes_memory_that_is_not_there()
    {
        world.WithWeb();
        world.Fleet.AddVm(B, new SimulatedVm(new("large"), 1, 7_000, 0));
        world.Fleet.AddVm(B, new SimulatedVm(new("late"), 1, 1_000, 0), Runbooks.Fleet.Model.VmState.ShutOff);

        var arrival = await world.MigrateAsync();
        var start = await world.OnB.StartAsync(new("late"), None);

        Assert.Equal((FaultKind.Refused, FaultKind.Refused), (arrival.Fault!.Kind, start.Fault!.Kind));
        Assert.Contains("needs 1000 MiB and 680 MiB are free", arrival.Fault.Message, StringComparison.Ordinal);
        Assert.Equal("a Running booted", world.Copies());
    }

    [Fact]
    public async Task A_twin_holds_memory_while_it_waits()
    {
        world.WithWeb();
        var before = (await world.OnB.ObserveAsync(None)).Value.MemoryFreeMiB;

        await world.MigrateAsync();

        Assert.Equal(before - 1_000, (await world.OnB.ObserveAsync(None)).Value.MemoryFreeMiB);
    }

    [Fact]
    public async Task A_copy_stands_still_while_the_wire_is_cut_and_goes_on_when_it_is_healed()
    {
        world.WithWeb();
        await world.MigrateAsync();
        world.Time.AdvanceSeconds(5);
        world.Fleet.Cut(B);

        world.Time.AdvanceSeconds(100);
        Assert.Equal(500, (int)((await world.ProgressAsync()).SentBytes / MiB));
        world.Fleet.Heal(B);
        world.Time.AdvanceSeconds(6);

        Assert.EndsWith("b Running migrated", world.Copies(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_guest_that_shuts_down_during_the_copy_ends_the_migration()
    {
        world.WithWeb();
        await world.MigrateAsync();
        await world.OnA.ShutDownAsync(Web, None);

        world.Time.AdvanceSeconds(3);

        Assert.Equal("a ShutOff shutdown", world.Copies());
        Assert.Empty(world.Fleet.MigratingVms);
    }
}
