using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Tests.Contract;

public abstract partial class HypervisorContract
{
    [Fact]
    public async Task A_migrated_VM_runs_on_B_and_its_definition_stays_shut_off_on_A_until_it_is_removed()
    {
        var vm = await RunningOnAAsync();
        var uuid = (await lab.A.ObserveVmAsync(vm, None)).Value.Uuid;

        Ok(await lab.A.StartMigrationAsync(ToB(vm), None));

        await UntilStateAsync(lab.A, vm, VmState.ShutOff);
        await RunsOnlyOnAsync(lab.B, vm);
        var arrived = (await lab.B.ObserveVmAsync(vm, None)).Value;
        Assert.Equal(uuid, arrived.Uuid);
        Assert.NotEqual(false, arrived.Persistent);
        await UntilNoJobAsync(vm);

        Ok(await lab.A.UndefineAsync(vm, None));
        Fault(FaultKind.NotFound, await lab.A.ObserveVmAsync(vm, None));
        await RunsOnlyOnAsync(lab.B, vm);
    }

    [Fact]
    public async Task What_arrived_keeps_its_definition_on_B_after_it_stops()
    {
        var vm = await MigratedAsync();

        Ok(await lab.B.DestroyAsync(vm, None));

        await UntilStateAsync(lab.B, vm, VmState.ShutOff);
    }

    [Fact]
    public async Task The_figures_of_a_finished_migration_are_told_by_B_and_can_be_read_twice()
    {
        var vm = await MigratedAsync();

        if (!lab.Can(HypervisorFeatures.MigrationProgress))
        {
            Fault(FaultKind.Unsupported, await lab.B.CompletedMigrationAsync(vm, None));
            return;
        }

        var first = await lab.B.CompletedMigrationAsync(vm, None);
        var second = await lab.B.CompletedMigrationAsync(vm, None);

        Ok(first);
        Ok(second);
        Assert.Equal(first.Value, second.Value);
        Assert.True(first.Value.SentBytes > 0, $"{first.Value}");
        Assert.True(first.Value.Rounds >= 1, $"{first.Value}");
        Assert.InRange(first.Value.Downtime, TimeSpan.Zero, first.Value.Elapsed);
    }

    [Fact]
    public async Task A_VM_that_never_migrated_has_no_figures_and_no_job()
    {
        var vm = await RunningOnAAsync();

        Fault(lab.Can(HypervisorFeatures.MigrationProgress) ? FaultKind.NotFound : FaultKind.Unsupported, await lab.A.CompletedMigrationAsync(vm, None));
        var job = await lab.A.ObserveMigrationAsync(vm, None);
        Ok(job);
        Assert.Equal(MigrationProgress.NoJob, job.Value);
    }

    [Fact]
    public async Task Progress_never_goes_back_in_rounds_nor_in_bytes_sent()
    {
        var vm = await WritingOnAAsync();
        Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs, hold: true), None));
        var seen = new List<MigrationProgress>();
        if (!lab.Can(HypervisorFeatures.MigrationProgress))
        {
            await UntilAsync("the copy has taken a second", () => lab.A.ObserveMigrationAsync(vm, None), p =>
            {
                seen.Add(p);
                return p.Elapsed > TimeSpan.FromSeconds(1) || SwitchedOver(p);
            });
            Assert.All(seen, p => Assert.Equal((0, 0, 0), (p.Round, p.SentBytes, p.RemainingBytes)));
            Assert.Equal(seen.Select(p => p.Elapsed).Order(), seen.Select(p => p.Elapsed));
            return;
        }

        await UntilAsync("the copy is in its third round", () => lab.A.ObserveMigrationAsync(vm, None), p =>
        {
            seen.Add(p);
            return p.Round >= 3 || SwitchedOver(p);
        });
        if (!lab.HoldIsCertain)
        {
            _ = seen.RemoveAll(SwitchedOver);
        }

        Assert.All(seen.Zip(seen.Skip(1)), pair =>
        {
            Assert.True(pair.Second.Round >= pair.First.Round, $"{pair.First} then {pair.Second}");
            Assert.True(pair.Second.SentBytes >= pair.First.SentBytes, $"{pair.First} then {pair.Second}");
            Assert.True(pair.Second.Elapsed >= pair.First.Elapsed, $"{pair.First} then {pair.Second}");
        });
        var last = seen[^1];
        Assert.Equal(MigrationPhase.PreCopy, last.Phase);
        Assert.True(last.TotalBytes >= 96L * 1024 * 1024, $"{last}");
        Assert.InRange(last.RemainingBytes, 0, last.TotalBytes);
        Assert.True(last.DirtyBytesPerSecond > 0, $"{last}");
    }

    private static bool SwitchedOver(MigrationProgress progress) => progress.Phase != MigrationPhase.PreCopy;

    [Fact]
    public async Task While_it_is_copied_the_guest_runs_on_A_and_not_on_B()
    {
        var vm = await WritingOnAAsync();
        Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs, hold: true), None));

        await UntilCopyingAsync(vm);

        Assert.Equal(VmState.Running, (await lab.A.ObserveVmAsync(vm, None)).Value.State);
        var twin = await UntilStateAsync(lab.B, vm, VmState.Paused);
        Assert.Equal("migrating", twin.StateReason);
    }

    [Fact]
    public async Task A_held_migration_of_a_writing_guest_waits_until_it_is_released()
    {
        var vm = await WritingOnAAsync();
        Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs, hold: true), None));

        if (!lab.Can(HypervisorFeatures.HoldSwitchOver))
        {
            Fault(FaultKind.Unsupported, await lab.A.ReleaseSwitchOverAsync(vm, TimeSpan.FromSeconds(10), None));
            await UntilStateAsync(lab.A, vm, VmState.ShutOff);
            await RunsOnlyOnAsync(lab.B, vm);
            return;
        }

        var held = await UntilAsync("the copy is in its third round", () => lab.A.ObserveMigrationAsync(vm, None), p => p.Round >= 3 || SwitchedOver(p));
        Assert.True(held.Phase == MigrationPhase.PreCopy || !lab.HoldIsCertain, $"{held}");
        Ok(await lab.A.ReleaseSwitchOverAsync(vm, TimeSpan.FromSeconds(10), None));

        await UntilStateAsync(lab.A, vm, VmState.ShutOff);
        await RunsOnlyOnAsync(lab.B, vm);
        Ok(await lab.A.ReleaseSwitchOverAsync(vm, TimeSpan.FromSeconds(10), None));
    }

    [Fact]
    public async Task An_aborted_migration_leaves_the_VM_running_on_A_and_nothing_on_B()
    {
        var vm = await WritingOnAAsync();
        Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs, hold: true), None));
        await UntilCopyingAsync(vm);

        Ok(await lab.A.AbortMigrationAsync(vm, None));

        await UntilNoJobAsync(vm);
        await UntilAbsentAsync(lab.B, vm);
        Assert.Equal(VmState.Running, (await lab.A.ObserveVmAsync(vm, None)).Value.State);
        Ok(await lab.A.AbortMigrationAsync(vm, None));
    }

    [Fact]
    public async Task A_VM_whose_migration_was_aborted_migrates_at_the_next_try()
    {
        var vm = await WritingOnAAsync();
        Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs, hold: true), None));
        await UntilCopyingAsync(vm);
        Ok(await lab.A.AbortMigrationAsync(vm, None));
        await UntilNoJobAsync(vm);
        await UntilAbsentAsync(lab.B, vm);

        Ok(await lab.A.StartMigrationAsync(ToB(vm), None));

        await UntilStateAsync(lab.A, vm, VmState.ShutOff);
        await RunsOnlyOnAsync(lab.B, vm);
    }

    [Fact]
    public async Task Aborting_where_there_is_no_job_succeeds_and_changes_nothing()
    {
        var vm = await RunningOnAAsync();

        Ok(await lab.A.AbortMigrationAsync(vm, None));

        await RunsOnlyOnAsync(lab.A, vm);
    }

    [Fact]
    public async Task A_second_migration_of_a_VM_is_refused_and_the_first_goes_on()
    {
        var vm = await WritingOnAAsync();
        Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs, hold: true), None));
        await UntilCopyingAsync(vm);

        var refused = Fault(FaultKind.Refused, await lab.A.StartMigrationAsync(ToB(vm), None));

        Assert.Contains(vm.Value, refused.Message, StringComparison.Ordinal);
        var job = await lab.A.ObserveMigrationAsync(vm, None);
        Ok(job);
        Assert.Equal(MigrationPhase.PreCopy, job.Value.Phase);
    }

    [Fact]
    public async Task A_VM_whose_definition_the_destination_still_has_is_not_migrated_there()
    {
        var vm = await MigratedAsync();

        Fault(FaultKind.Refused, await lab.B.StartMigrationAsync(new MigrationRequest(vm, lab.A.Host, null, HoldSwitchOver: false), None));

        await RunsOnlyOnAsync(lab.B, vm);
    }

    [Fact]
    public async Task A_VM_migrates_back_once_the_old_definition_is_removed()
    {
        var vm = await MigratedAsync();
        Ok(await lab.A.UndefineAsync(vm, None));

        Ok(await lab.B.StartMigrationAsync(new MigrationRequest(vm, lab.A.Host, null, HoldSwitchOver: false), None));

        await UntilStateAsync(lab.B, vm, VmState.ShutOff);
        await RunsOnlyOnAsync(lab.A, vm);
    }

    [Fact]
    public async Task A_VM_that_is_shut_off_does_not_migrate_live()
    {
        var vm = await lab.DefineAsync(new GuestSpec());

        Fault(FaultKind.Refused, await lab.A.StartMigrationAsync(ToB(vm), None));

        await UntilAbsentAsync(lab.B, vm);
    }

    [Fact]
    public async Task A_VM_stays_on_A_when_B_is_off()
    {
        var vm = await RunningOnAAsync();
        Ok(await lab.PowerB.PowerOffAsync(None));
        await UntilAsync("B is off", () => lab.PowerB.ObserveAsync(None), p => p == PowerState.Off);

        Fault(FaultKind.Refused, await lab.A.StartMigrationAsync(ToB(vm), None));

        Assert.Equal(VmState.Running, (await lab.A.ObserveVmAsync(vm, None)).Value.State);
        await UntilNoJobAsync(vm);
    }

    [Fact]
    public async Task A_VM_runs_on_at_A_when_B_loses_power_during_the_copy()
    {
        var vm = await WritingOnAAsync();
        Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs, hold: true), None));
        await UntilCopyingAsync(vm);

        Ok(await lab.PowerB.PowerOffAsync(None));

        await UntilNoJobAsync(vm);
        await UntilStateAsync(lab.A, vm, VmState.Running);
        Ok(await lab.PowerB.PowerOnAsync(None));
        await UntilAsync("B answers", () => lab.B.ObserveAsync(None), _ => true);
        await UntilAbsentAsync(lab.B, vm);
    }

    [Fact]
    public async Task A_caller_that_stops_waiting_does_not_stop_the_migration()
    {
        var vm = await WritingOnAAsync();
        using var caller = new CancellationTokenSource();
        Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs, hold: true), caller.Token));
        await UntilCopyingAsync(vm);

        await caller.CancelAsync();
        if (lab.Can(HypervisorFeatures.HoldSwitchOver))
        {
            Ok(await lab.A.ReleaseSwitchOverAsync(vm, TimeSpan.FromSeconds(10), None));
        }

        await UntilStateAsync(lab.A, vm, VmState.ShutOff);
        await RunsOnlyOnAsync(lab.B, vm);
    }

    private async Task<VmName> MigratedAsync()
    {
        var vm = await RunningOnAAsync();
        Ok(await lab.A.StartMigrationAsync(ToB(vm), None));
        await UntilStateAsync(lab.A, vm, VmState.ShutOff);
        await UntilStateAsync(lab.B, vm, VmState.Running);
        return vm;
    }
}
