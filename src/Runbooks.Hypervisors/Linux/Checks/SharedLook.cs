using System.Collections.Concurrent;

namespace Runbooks.Hypervisors.Linux.Checks;

/// <summary>
/// Who asks while the same question is on its way to a host gets its answer: when a host is emptied, the runs for all its VMs
/// ask within a moment. What is answered may have been seen a moment before it was asked for, so this is nothing for what
/// a change is judged by.
/// </summary>
internal sealed class SharedLook<TKey, T>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Lazy<Task<T>>> open = new();

    /// <param name="key">What is asked.</param>
    /// <param name="look">Asks; it must end by itself, because it goes on when one who waits for it gives up.</param>
    /// <param name="cancellationToken">Ends the waiting of this caller alone.</param>
    public Task<T> AskAsync(TKey key, Func<Task<T>> look, CancellationToken cancellationToken) =>
        open.GetOrAdd(key, k => new Lazy<Task<T>>(() => LookAsync(k, look))).Value.WaitAsync(cancellationToken);

    private async Task<T> LookAsync(TKey key, Func<Task<T>> look)
    {
        try
        {
            return await look();
        }
        finally
        {
            _ = open.TryRemove(key, out _);
        }
    }
}
