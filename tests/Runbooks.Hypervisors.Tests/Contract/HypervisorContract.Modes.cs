using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Tests.Contract;

/// <content>The modes of migration, and what is asked of a job under way. A driver is held to what it says that it can.</content>
public abstract partial class HypervisorContract
{
    private static readonly MigrationPhase[] AfterTheSwitch = [MigrationPhase.PostCopy, MigrationPhase.None];

    [Fact]
    public async Task A_job_that_is_switched_to_post_copy_ends_on_B_and_can_not_be_aborted()
    {
        if (!lab.A.Features.HasFlag(HypervisorFeatures.PostCopy))
        {
            Fault(FaultKind.Unsupported, await lab.A.SwitchToPostCopyAsync(await RunningOnAAsync(), None));
            return;
        }

        var vm = await WritingOnAAsync();
        Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs, hold: true) with { AllowPostCopy = true, PostCopyBandwidthMiBs = lab.SlowMiBs }, None));
        await UntilCopyingAsync(vm);

        Ok(await lab.A.SwitchToPostCopyAsync(vm, None));

        var after = await UntilAsync("the guest has left", () => lab.A.ObserveMigrationAsync(vm, None), p => AfterTheSwitch.Contains(p.Phase));
        if (after.Phase == MigrationPhase.PostCopy)
        {
            Fault(FaultKind.Refused, await lab.A.AbortMigrationAsync(vm, None));
        }

        await UntilStateAsync(lab.A, vm, VmState.ShutOff);
        await RunsOnlyOnAsync(lab.B, vm);
        Ok(await lab.A.SwitchToPostCopyAsync(vm, None));
    }

    [Fact]
    public async Task After_a_post_copy_nobody_has_its_figures()
    {
        if (lab.A.Features.HasFlag(HypervisorFeatures.PostCopy))
        {
            var vm = await WritingOnAAsync();
            Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs, hold: true) with { AllowPostCopy = true }, None));
            await UntilCopyingAsync(vm);
            Ok(await lab.A.SwitchToPostCopyAsync(vm, None));
            await UntilStateAsync(lab.A, vm, VmState.ShutOff);
            await RunsOnlyOnAsync(lab.B, vm);

            Fault(FaultKind.NotFound, await lab.B.CompletedMigrationAsync(vm, None));
        }
    }

    [Fact]
    public async Task A_job_that_was_not_started_for_it_is_not_switched_to_post_copy()
    {
        if (lab.A.Features.HasFlag(HypervisorFeatures.PostCopy))
        {
            var vm = await WritingOnAAsync();
            Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs, hold: true), None));
            await UntilCopyingAsync(vm);

            Fault(FaultKind.Refused, await lab.A.SwitchToPostCopyAsync(vm, None));

            Assert.Equal(VmState.Running, (await lab.A.ObserveVmAsync(vm, None)).Value.State);
        }
    }

    [Fact]
    public async Task A_VM_arrives_in_each_mode_that_the_driver_knows()
    {
        (HypervisorFeatures Needs, Func<MigrationRequest, MigrationRequest> Change)[] modes =
        [
            (HypervisorFeatures.Compression, r => r with { Compressed = true }),
            (HypervisorFeatures.ParallelConnections, r => r with { Connections = 2 }),
            (HypervisorFeatures.AutoConverge, r => r with { AutoConverge = new AutoConverge(30, 20) }),
            (HypervisorFeatures.StoppedMigration, r => r with { Stopped = true }),
        ];
        var vm = await RunningOnAAsync();
        var (here, there) = (lab.A, lab.B);
        foreach (var (_, change) in modes.Where(m => lab.A.Features.HasFlag(m.Needs)))
        {
            Ok(await here.StartMigrationAsync(change(new MigrationRequest(vm, there.Host, null, HoldSwitchOver: false) { MaxDowntime = TimeSpan.FromSeconds(1) }), None));
            await UntilStateAsync(here, vm, VmState.ShutOff);
            await RunsOnlyOnAsync(there, vm);
            Ok(await there.CompletedMigrationAsync(vm, None));
            Ok(await here.UndefineAsync(vm, None));
            (here, there) = (there, here);
        }
    }

    [Fact]
    public async Task A_guest_that_is_stopped_for_its_copy_stands_still_and_an_abort_lets_it_go_on()
    {
        if (lab.A.Features.HasFlag(HypervisorFeatures.StoppedMigration))
        {
            var vm = await RunningOnAAsync();
            Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs) with { Stopped = true }, None));
            await UntilAsync("the guest stands still", () => lab.A.ObserveMigrationAsync(vm, None), p => p.Phase == MigrationPhase.StopAndCopy);

            Ok(await lab.A.AbortMigrationAsync(vm, None));

            await UntilStateAsync(lab.A, vm, VmState.Running);
            await UntilAbsentAsync(lab.B, vm);
        }
    }

    [Fact]
    public async Task The_bandwidth_of_a_job_can_be_raised_and_is_told()
    {
        if (lab.A.Features.HasFlag(HypervisorFeatures.BandwidthLimit))
        {
            var vm = await WritingOnAAsync();
            Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs, hold: true), None));
            await UntilAsync("its limit is seen", () => lab.A.ObserveMigrationAsync(vm, None), p => p.BandwidthLimitMiBs == lab.SlowMiBs || SwitchedOver(p));

            Ok(await lab.A.SetMigrationBandwidthAsync(vm, lab.SlowMiBs * 8, None));

            await UntilAsync("its new limit is seen", () => lab.A.ObserveMigrationAsync(vm, None), p => p.BandwidthLimitMiBs == lab.SlowMiBs * 8 || SwitchedOver(p));
        }
    }

    [Fact]
    public async Task How_long_a_job_may_stop_the_guest_is_told()
    {
        if (lab.A.Features.HasFlag(HypervisorFeatures.HoldSwitchOver))
        {
            var vm = await WritingOnAAsync();
            Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs) with { MaxDowntime = TimeSpan.FromMilliseconds(70) }, None));

            var told = await UntilAsync("the downtime is seen", () => lab.A.ObserveMigrationAsync(vm, None), p => p.AllowedDowntime is not null || SwitchedOver(p));

            Assert.True(SwitchedOver(told) || told.AllowedDowntime == TimeSpan.FromMilliseconds(70), $"{told.AllowedDowntime}");
        }
    }

    [Fact]
    public async Task A_guest_that_is_suspended_during_its_copy_lets_it_end_and_goes_on_at_B()
    {
        var vm = await WritingOnAAsync();
        Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs) with { MaxDowntime = TimeSpan.FromMilliseconds(1) }, None));
        await UntilCopyingAsync(vm);

        var suspended = await lab.A.SuspendAsync(vm, None);
        if (!suspended.IsOk && suspended.Fault.Kind == FaultKind.Unsupported)
        {
            return;
        }

        Ok(suspended);
        await UntilStateAsync(lab.A, vm, VmState.ShutOff);
        await RunsOnlyOnAsync(lab.B, vm);
    }

    [Fact]
    public async Task A_guest_that_writes_is_measured_faster_than_one_that_rests()
    {
        if (lab.A.Features.HasFlag(HypervisorFeatures.DirtyRate))
        {
            var resting = await RunningOnAAsync();
            var writing = await RunningOnAAsync(new GuestSpec(WriteMiBs: 40, WorkingSetMiB: 16));

            var rest = await lab.A.MeasureDirtyRateAsync(resting, TimeSpan.FromSeconds(1), None);
            var busy = await lab.A.MeasureDirtyRateAsync(writing, TimeSpan.FromSeconds(1), None);

            Ok(rest);
            Ok(busy);
            Assert.True(busy.Value.BytesPerSecond > rest.Value.BytesPerSecond, $"{busy.Value} against {rest.Value}");
            Assert.Equal(TimeSpan.FromSeconds(1), busy.Value.Window);
        }
    }

    [Fact]
    public async Task A_guest_that_runs_says_that_it_is_alive()
    {
        var vm = await RunningOnAAsync();

        var answer = await lab.A.AskGuestAsync(vm, None);

        Ok(answer);
        Assert.Equal(lab.A.Features.HasFlag(HypervisorFeatures.GuestAgent) ? GuestAnswer.Alive : GuestAnswer.NoAgent, answer.Value);
    }

    [Fact]
    public async Task A_job_and_its_VM_are_seen_together()
    {
        var vm = await WritingOnAAsync();
        var before = await lab.A.ObserveMovingVmAsync(vm, None);
        Ok(before.Job);
        Ok(before.Vm);
        Assert.Equal((MigrationPhase.None, VmState.Running), (before.Job.Value.Phase, before.Vm.Value.State));
        var (absentJob, absent) = await lab.B.ObserveMovingVmAsync(vm, None);
        Fault(FaultKind.NotFound, absent);
        Assert.False(absentJob.IsOk);

        Ok(await lab.A.StartMigrationAsync(ToB(vm, lab.SlowMiBs, hold: true), None));
        await UntilCopyingAsync(vm);
        var during = await lab.A.ObserveMovingVmAsync(vm, None);
        Ok(during.Job);
        Ok(during.Vm);
        Ok(await lab.A.ReleaseSwitchOverAsync(vm, TimeSpan.FromSeconds(10), None));
        await UntilStateAsync(lab.A, vm, VmState.ShutOff);

        var after = await lab.A.ObserveMovingVmAsync(vm, None);
        Ok(after.Job);
        Ok(after.Vm);
        Assert.Equal((MigrationPhase.None, VmState.ShutOff), (after.Job.Value.Phase, after.Vm.Value.State));
    }
}
