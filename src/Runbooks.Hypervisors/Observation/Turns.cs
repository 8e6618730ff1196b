namespace Runbooks.Hypervisors.Observation;

/// <summary>
/// One at a time, in the order of asking. Unlike a semaphore's, its waiters go on on the scheduler on which they waited, so
/// that a simulation on one thread stays on it.
/// </summary>
internal sealed class Turns
{
    private readonly Lock gate = new();
    private readonly LinkedList<TaskCompletionSource> waiting = new();
    private bool taken;

    public async Task TakeAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (!taken)
            {
                taken = true;
                return;
            }

            _ = waiting.AddLast(mine);
        }

        using var withdrawal = cancellationToken.Register(() =>
        {
            lock (gate)
            {
                if (!waiting.Remove(mine))
                {
                    return;
                }
            }

            _ = mine.TrySetCanceled(cancellationToken);
        });
        await mine.Task;
    }

    public void Give()
    {
        TaskCompletionSource next;
        lock (gate)
        {
            if (waiting.First is not { } first)
            {
                taken = false;
                return;
            }

            waiting.RemoveFirst();
            next = first.Value;
        }

        next.SetResult();
    }
}
