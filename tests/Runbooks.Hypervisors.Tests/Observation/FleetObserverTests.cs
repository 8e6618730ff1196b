using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Observation;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Hypervisors.Tests.Simulated;
using static Runbooks.Hypervisors.Tests.Simulated.SimulatedWorld;

namespace Runbooks.Hypervisors.Tests.Observation;

public sealed class FleetObserverTests : IDisposable
{
    /// <summary>After this long a test that waits has failed.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly CancellationToken None = CancellationToken.None;
    private readonly SimulatedWorld world = new SimulatedWorld().WithWeb(load: 0.5);
    private readonly FixedLedgers ledgers = new();
    private readonly FleetObserver observer;

    public FleetObserverTests() =>
        observer = new FleetObserver(world.Fleet.Directory, ledgers, ledgers, world.Time, new ObserverSettings());

    public void Dispose()
    {
        observer.Dispose();
        world.Dispose();
    }

    [Fact]
    public async Task The_second_look_knows_loads_and_classes_and_gives_samples()
    {
        var first = await observer.ObserveAsync(None);
        world.Time.AdvanceSeconds(10);
        var second = await observer.ObserveAsync(None);

        Assert.Null(first.Snapshot.FindVm(Web)!.CpuLoad);
        Assert.Empty(first.VmSamples);
        var web = second.Snapshot.FindVm(Web)!;
        Assert.Equal((0.5, LoadClass.Medium, A), (web.CpuLoad!.Value, web.Class!.Value, web.Host));
        Assert.Equal(0.5, Assert.Single(second.VmSamples).CpuLoad, 3);

        // Two of eight cores, and what the host uses itself.
        Assert.Equal(0.255, second.Snapshot.FindHost(A)!.CpuLoad!.Value, 3);
        Assert.Equal([0.255, 0.005], second.HostSamples.Select(s => Math.Round(s.CpuLoad, 3)));
        Assert.Same(second, observer.Latest);
    }

    [Fact]
    public async Task Two_looks_in_quick_succession_keep_the_load_that_was_measured()
    {
        await observer.ObserveAsync(None);
        world.Time.AdvanceSeconds(10);
        await observer.ObserveAsync(None);
        world.Time.AdvanceSeconds(0.1);

        var soon = await observer.ObserveAsync(None);

        Assert.Equal(0.5, soon.Snapshot.FindVm(Web)!.CpuLoad);
        Assert.Empty(soon.HostSamples);
    }

    [Fact]
    public async Task A_VM_that_has_just_arrived_keeps_its_last_load_until_it_is_measured_there()
    {
        await observer.ObserveAsync(None);
        world.Time.AdvanceSeconds(10);
        await observer.ObserveAsync(None);
        await world.MigrateAsync();
        world.Time.AdvanceSeconds(15);

        var arrived = await observer.ObserveAsync(None);

        Assert.Equal((B, 0.5), (arrived.Snapshot.FindVm(Web)!.Host, arrived.Snapshot.FindVm(Web)!.CpuLoad!.Value));
        Assert.Empty(arrived.VmSamples);
    }

    [Fact]
    public async Task A_host_that_is_off_is_no_problem_and_its_VMs_are_shut_off()
    {
        await observer.ObserveAsync(None);
        await world.PowerA.PowerOffAsync(None);

        var reading = await observer.ObserveAsync(None);

        var host = reading.Snapshot.FindHost(A)!;
        Assert.Equal((PowerState.Off, true, 8, 8_192), (host.Power, host.Reachable, host.Cpus, host.MemoryMiB));
        Assert.Null(host.Problem);
        Assert.Equal(VmState.ShutOff, reading.Snapshot.FindVm(Web)!.State);
        Assert.Empty(reading.Problems);
    }

    [Fact]
    public async Task Of_a_host_that_is_known_to_be_off_only_the_power_is_asked()
    {
        await world.PowerA.PowerOffAsync(None);
        await observer.ObserveAsync(None);
        var asked = new List<SimulatedOperation>();
        world.Fleet.Faults.OnOperation = (point, _) =>
        {
            if (point.Host == A && point.Phase == OperationPhase.Before)
            {
                asked.Add(point.Operation);
            }

            return ValueTask.CompletedTask;
        };

        await observer.ObserveAsync(None);

        Assert.Equal([SimulatedOperation.PowerObserve], asked);
    }

    [Fact]
    public async Task A_host_that_does_not_answer_keeps_what_was_last_seen_and_says_why()
    {
        await observer.ObserveAsync(None);
        world.Fleet.Cut(A);

        var reading = await observer.ObserveAsync(None);

        var host = reading.Snapshot.FindHost(A)!;
        Assert.Equal((PowerState.On, false), (host.Power, host.Reachable));
        Assert.Contains("does not answer", host.Problem, StringComparison.Ordinal);
        Assert.Equal(VmState.Running, reading.Snapshot.FindVm(Web)!.State);
        Assert.Equal((ProblemSeverity.Warning, A), (reading.Problems.Single().Severity, reading.Problems.Single().Host!.Value));
        Assert.True(reading.Snapshot.FindHost(B)!.Reachable);
    }

    [Fact]
    public async Task A_host_that_hangs_is_given_up_and_the_others_are_seen()
    {
        world.Fleet.Faults.Add(new OperationFault(FaultEffect.HangUntilCancelled, SimulatedOperation.Observe, A));

        var looking = observer.ObserveAsync(None);
        Assert.False(looking.IsCompleted);
        world.Time.AdvanceSeconds(11);
        var reading = await looking.WaitAsync(Patience);

        Assert.True(reading.Snapshot.FindHost(B)!.Reachable);
        Assert.False(reading.Snapshot.FindHost(A)!.Reachable);
        Assert.Contains("did not answer within 10 s", reading.Snapshot.FindHost(A)!.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hosts_that_hung_before_do_not_take_the_places_of_the_others()
    {
        using var narrow = new FleetObserver(world.Fleet.Directory, ledgers, ledgers, world.Time, new ObserverSettings { Parallel = 1 });
        var seen = new TaskCompletionSource();
        world.Fleet.Faults.Add(new OperationFault(FaultEffect.FailBefore, SimulatedOperation.Observe, A, Count: 1));
        await narrow.ObserveAsync(None);
        world.Fleet.Faults.Add(new OperationFault(FaultEffect.HangUntilCancelled, SimulatedOperation.Observe, A));
        world.Fleet.Faults.OnOperation = (point, _) =>
        {
            if (point is { Operation: SimulatedOperation.Observe, Phase: OperationPhase.After } && point.Host == B)
            {
                seen.TrySetResult();
            }

            return ValueTask.CompletedTask;
        };

        var looking = narrow.ObserveAsync(None);
        await seen.Task.WaitAsync(Patience);

        Assert.False(looking.IsCompleted);
        world.Time.AdvanceSeconds(11);
        await looking.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_bug_in_a_driver_is_told_as_the_problem_of_its_host()
    {
        world.Fleet.Faults.OnOperation = (point, _) =>
            point is { Operation: SimulatedOperation.Observe } && point.Host == A ? throw new FormatException("unexpected ':'") : ValueTask.CompletedTask;

        var reading = await observer.ObserveAsync(None);

        Assert.Contains("FormatException: unexpected ':'", reading.Snapshot.FindHost(A)!.Problem, StringComparison.Ordinal);
        Assert.True(reading.Snapshot.FindHost(B)!.Reachable);
    }

    [Fact]
    public async Task Modes_and_reservations_are_part_of_the_snapshot()
    {
        ledgers.Modes.Add(new HostModeEntry(B, HostMode.Cordoned, "run-1", "Being emptied.", world.Time.GetUtcNow()));
        ledgers.Reservations.Add(new Reservation(Web, A, B, 1_000, 4, "run-1", 1, world.Time.GetUtcNow()));

        var snapshot = (await observer.ObserveAsync(None)).Snapshot;

        Assert.Equal((HostMode.Active, HostMode.Cordoned), (snapshot.FindHost(A)!.Mode, snapshot.FindHost(B)!.Mode));
        Assert.Equal(Web, Assert.Single(snapshot.Reservations).Vm);
    }

    [Fact]
    public async Task A_VM_that_is_being_moved_by_a_run_is_shown_once_at_its_source_and_is_no_problem()
    {
        ledgers.Reservations.Add(new Reservation(Web, A, B, 1_000, 4, "run-1", 1, world.Time.GetUtcNow()));
        await world.MigrateAsync();

        var reading = await observer.ObserveAsync(None);

        Assert.Equal((A, VmState.Running), (reading.Snapshot.Vms.Single().Host, reading.Snapshot.Vms.Single().State));
        Assert.Empty(reading.Problems);
    }

    [Fact]
    public async Task Two_running_copies_are_an_alarm()
    {
        await world.MigrateAsync();
        world.Time.AdvanceSeconds(15);
        await world.OnA.StartAsync(Web, None);

        var reading = await observer.ObserveAsync(None);

        Assert.Equal(ProblemSeverity.Alarm, reading.Problems.Single().Severity);
        Assert.Contains("runs more than once", reading.Problems.Single().Message, StringComparison.Ordinal);
        Assert.Single(reading.Snapshot.Vms);
    }

    [Fact]
    public async Task A_definition_that_was_left_behind_is_a_notice_and_the_running_copy_is_shown()
    {
        await world.MigrateAsync();
        world.Time.AdvanceSeconds(15);

        var reading = await observer.ObserveAsync(None);

        Assert.Equal((ProblemSeverity.Notice, B), (reading.Problems.Single().Severity, reading.Snapshot.FindVm(Web)!.Host));
    }

    [Theory]
    [InlineData(MigrationMishap.StrandedBeforeCommit, "stands still in a migration that no run leads")]
    [InlineData(MigrationMishap.StrandedAfterCommit, "has a paused twin")]
    public async Task What_a_dead_supervisor_leaves_is_a_warning_that_says_what_not_to_do(MigrationMishap mishap, string says)
    {
        world.Fleet.Faults.Add(new MigrationFault(mishap));
        await world.MigrateAsync();
        world.Time.AdvanceSeconds(15);

        var problem = (await observer.ObserveAsync(None)).Problems.Single();

        Assert.Equal(ProblemSeverity.Warning, problem.Severity);
        Assert.Contains(says, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_VM_that_runs_here_and_was_last_seen_running_on_a_silent_host_is_shown_here_with_a_warning()
    {
        await observer.ObserveAsync(None);
        world.Fleet.Cut(A);
        world.Fleet.AddVm(B, new SimulatedVm(Web, 4, 1_000, 0.5));

        var reading = await observer.ObserveAsync(None);

        Assert.Equal(B, reading.Snapshot.FindVm(Web)!.Host);
        Assert.Contains(reading.Problems, p => p.Vm == Web && p.Message.Contains("may run more than once", StringComparison.Ordinal));
    }
}
