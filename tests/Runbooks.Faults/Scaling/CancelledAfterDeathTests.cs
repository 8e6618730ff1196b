using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Scaling;

/// <summary>
/// The process dies in a step of a scaling, and before another one goes on, something else happens. What was done is found by
/// looking, and not taken from the order of things.
/// </summary>
public sealed class CancelledAfterDeathTests
{
    [Theory]
    [InlineData(SimulatedOperation.SetVcpus, OperationPhase.Before, null)]
    [InlineData(SimulatedOperation.SetVcpus, OperationPhase.After, null)]
    [InlineData(SimulatedOperation.SetVcpus, OperationPhase.Before, 3)]
    [InlineData(SimulatedOperation.SetMemory, OperationPhase.Before, null)]
    [InlineData(SimulatedOperation.SetMemory, OperationPhase.After, null)]
    public async Task A_cancel_after_a_death_gives_back_all_that_was_changed(SimulatedOperation operation, OperationPhase phase, int? vcpusSoFar)
    {
        using var fleet = await ScaledFleet.CreateAsync();
        var engine = fleet.Under.Engine;
        var id = await engine.StartAsync("scale-vm", ScaledFleet.Wish(4, 4096));
        var died = 0;
        fleet.World.Faults.OnOperation = async (point, _) =>
        {
            if (point.Operation == operation && point.Phase == phase && Interlocked.Increment(ref died) == 1)
            {
                var process = engine.Process;
                engine.Kill();
                if (vcpusSoFar is { } vcpus)
                {
                    Assert.True((await fleet.World.Directory.Hypervisor(FleetUnderTest.Host1).Scaling!.SetVcpusAsync(ScaledFleet.Vm, vcpus, CancellationToken.None)).IsOk);
                }

                await CancelAsync(fleet, id);
                await Task.Delay(Timeout.InfiniteTimeSpan, process);
            }
        };

        await engine.WorkAsync();

        Assert.Equal((1, RunStatus.Cancelled), (engine.Kills, (await engine.FindAsync(id)).Status));
        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 2048));
    }

    [Fact]
    public async Task A_cancel_after_a_death_gives_back_what_was_held()
    {
        using var fleet = await ScaledFleet.CreateAsync();
        var id = await fleet.Under.Engine.StartAsync("scale-vm", ScaledFleet.Wish(4, 4096));
        DieOnceHeld(fleet, () => CancelAsync(fleet, id));

        await fleet.Under.Engine.WorkAsync();

        Assert.Equal((1, RunStatus.Cancelled), (fleet.Under.Engine.Kills, (await fleet.Under.Engine.FindAsync(id)).Status));
        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 2048));
    }

    [Fact]
    public async Task What_was_held_before_a_death_is_looked_at_again_after_it()
    {
        using var fleet = await ScaledFleet.CreateAsync();
        var id = await fleet.Under.Engine.StartAsync("scale-vm", ScaledFleet.Wish(4, 4096));
        DieOnceHeld(fleet, () => fleet.Under.Modes.SetAsync(new HostModeEntry(FleetUnderTest.Host1, HostMode.Maintenance, "carl", "A fan is broken.", DateTimeOffset.UnixEpoch), CancellationToken.None));

        await fleet.Under.Engine.WorkAsync();

        var run = await fleet.Under.Engine.FindAsync(id);
        Assert.Equal((1, RunStatus.Compensated), (fleet.Under.Engine.Kills, run.Status));
        Assert.Contains("A fan is broken.", run.Reason, StringComparison.Ordinal);
        _ = await fleet.Under.Modes.ClearAsync(FleetUnderTest.Host1, "carl", CancellationToken.None);
        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 2048));
    }

    private static async Task CancelAsync(ScaledFleet fleet, RunId id)
    {
        var engine = fleet.Under.Engine;
        _ = await engine.Store.SendAsync(new RunOrder(RunVerb.Cancel, "anna", "a test") { Key = "once" }.ToStimulus(await engine.FindAsync(id)), CancellationToken.None);
    }

    /// <summary>Ends the process as soon as something is held, and lets something happen before the next one begins.</summary>
    private static void DieOnceHeld(ScaledFleet fleet, Func<Task> meanwhile)
    {
        var engine = fleet.Under.Engine;
        _ = engine.With<IReservationLedger>(new DeadlyLedger(fleet.Under.Ledger, async () =>
        {
            if (engine.Kills == 0)
            {
                var process = engine.Process;
                engine.Kill();
                await meanwhile();
                await Task.Delay(Timeout.InfiniteTimeSpan, process);
            }
        }));
    }

    private sealed class DeadlyLedger(IReservationLedger inner, Func<Task> onceHeld) : IReservationLedger
    {
        public async Task<ReservationAnswer> ReserveAsync(Reservation wish, int freeMemoryMiB, CancellationToken cancellationToken)
        {
            var answer = await inner.ReserveAsync(wish, freeMemoryMiB, cancellationToken);
            await onceHeld();
            return answer;
        }

        public Task<bool> ReleaseAsync(VmName vm, string holder, CancellationToken cancellationToken) => inner.ReleaseAsync(vm, holder, cancellationToken);

        public Task<Reservation?> FindAsync(VmName vm, CancellationToken cancellationToken) => inner.FindAsync(vm, cancellationToken);

        public Task<IReadOnlyList<Reservation>> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);
    }
}
