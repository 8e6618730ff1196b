using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>The way of a request to a host and back, with everything that can go wrong on it.</summary>
internal sealed class FaultyPath(SimulatedFleet fleet, HostName host)
{
    public async Task<Result<T>> SendAsync<T>(
        SimulatedOperation operation,
        VmName? vm,
        Func<WorldState, Result<T>> act,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await PassAsync(operation, vm, OperationPhase.Before, cancellationToken);
        if (fleet.Settings.Latency > TimeSpan.Zero)
        {
            await Task.Delay(fleet.Settings.Latency, fleet.Time, cancellationToken);
        }

        var fault = fleet.Faults.Take(host, operation, vm);
        switch (fault?.Effect)
        {
            case FaultEffect.FailBefore:
                return new HypervisorFault(fault.Kind, host, $"{operation} failed before it had an effect (injected).");
            case FaultEffect.SkipThenUnknown:
                return Unknown(operation);
            case FaultEffect.HangUntilCancelled:
                await Task.Delay(Timeout.InfiniteTimeSpan, fleet.Time, cancellationToken);
                return Unknown(operation);
        }

        var answer = fleet.Locked(act, changes: IsChange(operation));
        await PassAsync(operation, vm, OperationPhase.After, cancellationToken);
        switch (fault?.Effect)
        {
            case FaultEffect.DoThenUnknown:
                return Unknown(operation);
            case FaultEffect.DoThenHang:
                await Task.Delay(Timeout.InfiniteTimeSpan, fleet.Time, cancellationToken);
                return Unknown(operation);
            default:
                return answer;
        }
    }

    private static bool IsChange(SimulatedOperation operation) => operation is not (
        SimulatedOperation.Observe
        or SimulatedOperation.ObserveVm
        or SimulatedOperation.ObserveMigration
        or SimulatedOperation.CompletedMigration
        or SimulatedOperation.MeasureDirtyRate
        or SimulatedOperation.AskGuest
        or SimulatedOperation.PowerObserve);

    private HypervisorFault Unknown(SimulatedOperation operation) =>
        new(FaultKind.UnknownOutcome, host, $"{operation} was requested and no answer came (injected).", "Look at the host before acting again.");

    private ValueTask PassAsync(SimulatedOperation operation, VmName? vm, OperationPhase phase, CancellationToken cancellationToken) =>
        fleet.Faults.OnOperation?.Invoke(new OperationPoint(host, operation, vm, phase), cancellationToken) ?? ValueTask.CompletedTask;
}
