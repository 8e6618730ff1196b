using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using static Runbooks.Hypervisors.Tests.Simulated.SimulatedWorld;

namespace Runbooks.Hypervisors.Tests.Simulated;

public sealed class FaultsTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly SimulatedWorld world = new SimulatedWorld().WithWeb(dirtyMiBs: 2, workingSetMiB: 100);

    public void Dispose() => world.Dispose();

    [Theory]
    [InlineData(MigrationMishap.DestinationGuestDies, MigrationPhase.PreCopy, "a Running booted")]
    [InlineData(MigrationMishap.DestinationGuestDies, MigrationPhase.StopAndCopy, "a Running migration canceled")]
    [InlineData(MigrationMishap.DestinationHostDies, MigrationPhase.PreCopy, "a Running booted")]
    [InlineData(MigrationMishap.DestinationHostDies, MigrationPhase.StopAndCopy, "a Running migration canceled")]
    [InlineData(MigrationMishap.SourceGuestDies, MigrationPhase.PreCopy, "a ShutOff crashed")]
    [InlineData(MigrationMishap.SourceHostDies, MigrationPhase.PreCopy, "a ShutOff unknown")]
    [InlineData(MigrationMishap.SourceHostDies, MigrationPhase.StopAndCopy, "a ShutOff unknown")]
    [InlineData(MigrationMishap.JobIsLost, MigrationPhase.PreCopy, "a Running booted")]
    [InlineData(MigrationMishap.StrandedBeforeCommit, MigrationPhase.StopAndCopy, "a Paused migrating")]
    [InlineData(MigrationMishap.StrandedAfterCommit, MigrationPhase.StopAndCopy, "a Paused migrating, b Running migrated")]
    public async Task A_mishap_leaves_behind_what_a_real_host_leaves_behind(MigrationMishap mishap, MigrationPhase at, string left)
    {
        world.Fleet.Faults.Add(new MigrationFault(mishap, Web, at));
        await world.MigrateAsync();

        world.Time.AdvanceSeconds(20);

        Assert.Equal(left, world.Copies());
        Assert.Empty(world.Fleet.MigratingVms);
        Assert.Empty(world.Fleet.Violations);
    }

    [Fact]
    public async Task A_mishap_strikes_in_its_round_and_not_before()
    {
        world.Fleet.AddVm(A, new SimulatedVm(new("writer"), 1, 1_000, 0, DirtyMiBs: 80, WorkingSetMiB: 900));
        world.Fleet.Faults.Add(new MigrationFault(MigrationMishap.DestinationHostDies, new("writer"), Round: 2));
        await world.OnA.StartMigrationAsync(new MigrationRequest(new("writer"), B, null, HoldSwitchOver: false), None);

        world.Time.AdvanceSeconds(10.5);
        Assert.Equal(PowerState.On, world.Fleet.PowerOf(B));
        world.Time.AdvanceSeconds(4);

        Assert.Equal(PowerState.Off, world.Fleet.PowerOf(B));
    }

    [Fact]
    public async Task Resuming_a_stranded_copy_beside_a_running_one_is_recorded_as_a_violation()
    {
        world.Fleet.Faults.Add(new MigrationFault(MigrationMishap.StrandedAfterCommit));
        await world.MigrateAsync();
        world.Time.AdvanceSeconds(20);

        await world.OnA.ResumeAsync(Web, None);

        Assert.Contains("VM web was made to run on a while it ran on b", Assert.Single(world.Fleet.Violations), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_fails_before_has_no_effect_and_strikes_only_as_often_as_told()
    {
        world.Fleet.Faults.Add(new OperationFault(FaultEffect.FailBefore, SimulatedOperation.Destroy, A, Web, Skip: 1, Count: 1));

        Assert.True((await world.OnA.DestroyAsync(new("other"), None)).IsOk);
        Assert.True((await world.OnB.DestroyAsync(Web, None)).IsOk);
        Assert.True((await world.OnA.DestroyAsync(Web, None)).IsOk);
        await world.OnA.StartAsync(Web, None);
        var struck = await world.OnA.DestroyAsync(Web, None);

        Assert.Equal(FaultKind.Unreachable, struck.Fault?.Kind);
        Assert.Equal("a Running booted", world.Copies());
        Assert.True((await world.OnA.DestroyAsync(Web, None)).IsOk);
    }

    [Theory]
    [InlineData(FaultEffect.DoThenUnknown, "a ShutOff destroyed")]
    [InlineData(FaultEffect.SkipThenUnknown, "a Running booted")]
    public async Task An_unknown_outcome_may_be_either(FaultEffect effect, string left)
    {
        world.Fleet.Faults.Add(new OperationFault(effect, SimulatedOperation.Destroy));

        var answer = await world.OnA.DestroyAsync(Web, None);

        Assert.Equal(FaultKind.UnknownOutcome, answer.Fault?.Kind);
        Assert.False(answer.Fault!.NothingChanged);
        Assert.Equal(left, world.Copies());
    }

    [Theory]
    [InlineData(FaultEffect.HangUntilCancelled, "a Running booted")]
    [InlineData(FaultEffect.DoThenHang, "a ShutOff destroyed")]
    public async Task A_request_that_hangs_ends_when_the_caller_gives_up(FaultEffect effect, string left)
    {
        world.Fleet.Faults.Add(new OperationFault(effect, SimulatedOperation.Destroy));
        using var caller = new CancellationTokenSource();

        var asking = world.OnA.DestroyAsync(Web, caller.Token);
        Assert.False(asking.IsCompleted);
        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.Equal(left, world.Copies());
    }

    [Fact]
    public async Task A_cut_host_is_unreachable_until_it_is_healed_and_its_power_switch_still_answers()
    {
        world.Fleet.Cut(A);

        Assert.Equal(FaultKind.Unreachable, (await world.OnA.ObserveAsync(None)).Fault?.Kind);
        Assert.Equal(PowerState.On, (await world.PowerA.ObserveAsync(None)).Value);
        Assert.Equal("a Running booted", world.Copies());

        world.Fleet.Heal(A);
        Assert.True((await world.OnA.ObserveAsync(None)).IsOk);
    }

    [Fact]
    public async Task The_hook_sees_each_request_before_and_after_its_effect_and_what_it_throws_comes_out()
    {
        var seen = new List<string>();
        world.Fleet.Faults.OnOperation = (point, _) =>
        {
            seen.Add($"{point.Operation} {point.Vm} {point.Phase} {world.Copies()}");
            return point.Phase == OperationPhase.After ? throw new TimeoutException("The engine dies here.") : ValueTask.CompletedTask;
        };

        await Assert.ThrowsAsync<TimeoutException>(() => world.OnA.DestroyAsync(Web, None));

        Assert.Equal(["Destroy web Before a Running booted", "Destroy web After a ShutOff destroyed"], seen);
    }

    [Fact]
    public async Task Power_loss_stops_every_guest_and_a_boot_takes_its_time()
    {
        await world.PowerA.PowerOffAsync(None);
        Assert.Equal("a ShutOff unknown", world.Copies());

        await world.PowerA.PowerOnAsync(None);
        Assert.Equal(FaultKind.Unreachable, (await world.OnA.ObserveAsync(None)).Fault?.Kind);
        world.Time.AdvanceSeconds(5);

        Assert.True((await world.OnA.ObserveAsync(None)).IsOk);
        Assert.Equal("a ShutOff unknown", world.Copies());
    }
}
