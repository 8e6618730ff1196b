namespace Runbooks.Workflows.Execution;

/// <summary>
/// Cancels on the scheduler of the caller. In production that is the thread pool; in a simulation it is the one thread on
/// which everything happens in an order that a seed decides, and which nothing may leave.
/// </summary>
internal static class SameScheduler
{
    /// <summary>Like <see cref="CancellationTokenSource.CancelAsync"/>, which always goes to the thread pool.</summary>
    public static Task CancelHereAsync(this CancellationTokenSource source) =>
        Task.Factory.StartNew(source.Cancel, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current);
}
