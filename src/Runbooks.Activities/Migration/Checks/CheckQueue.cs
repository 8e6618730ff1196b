using System.Collections.Concurrent;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Observation;

namespace Runbooks.Activities.Migration.Checks;

/// <summary>
/// Lets the checks of VMs that leave one host begin two at a time, in the order of asking. When a host is emptied, the runs of
/// all its VMs check in the same moment: side by side they would all end late, and the first copy would begin when the last
/// check has ended.
/// </summary>
/// <param name="clock">The clock.</param>
public sealed class CheckQueue(TimeProvider clock)
{
    /// <summary>A host answers a look with several sessions of one SSH connection, and sshd allows ten of them unless told otherwise.</summary>
    private const int AtOnce = 2;

    /// <summary>A check that hangs on a host that does not answer keeps no other one for longer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<HostName, FairSemaphore> hosts = new();

    /// <param name="host">The host that the VM leaves; where it is not known, the one that it goes to.</param>
    /// <param name="check">The check.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<T> RunAsync<T>(HostName host, Func<Task<T>> check, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(check);
        var semaphore = hosts.GetOrAdd(host, _ => new FairSemaphore(AtOnce));
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await semaphore.EnterAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return await check();
        }

        try
        {
            return await check();
        }
        finally
        {
            semaphore.Leave();
        }
    }
}
