using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>The signal within one process; what it misses, the next poll finds.</summary>
public sealed class WorkSignal(TimeProvider clock) : IWorkSignal
{
    private TaskCompletionSource raised = New();

    public void Raise() => Volatile.Read(ref raised).TrySetResult();

    public async Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        var current = Volatile.Read(ref raised);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _ = await Task.WhenAny(current.Task, Task.Delay(longest, clock, stop.Token));
        await stop.CancelHereAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (current.Task.IsCompleted)
        {
            _ = Interlocked.CompareExchange(ref raised, New(), current);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
