namespace Runbooks.Hypervisors.Observation;

/// <summary>
/// So many at a time, in the order of asking. Unlike those of .NET's semaphores, its waiters go on on the scheduler on which
/// they waited, so that a simulation on one thread stays on it.
/// </summary>
/// <param name="atOnce">How many, from 1.</param>
public sealed class FairSemaphore(int atOnce)
{
    private readonly Lock gate = new();
    private readonly LinkedList<TaskCompletionSource> waiting = new();
    private int free = atOnce;

    /// <summary>Who has come in must <see cref="Leave"/>.</summary>
    public async Task EnterAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (free > 0)
            {
                free--;
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

    public void Leave()
    {
        TaskCompletionSource next;
        lock (gate)
        {
            if (waiting.First is not { } first)
            {
                free++;
                return;
            }

            waiting.RemoveFirst();
            next = first.Value;
        }

        next.SetResult();
    }
}
