using System.Runtime.CompilerServices;
using Runbooks.Workflows.Journal;

namespace Runbooks.Storage.Runs;

/// <summary>
/// Spares the look into an inbox that was seen empty a moment ago. A stimulus that this process has sent is always seen at
/// once; one that another server has sent is seen within <see cref="Moment"/>.
/// </summary>
internal sealed class InboxLooks(TimeProvider clock)
{
    public static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(200);

    private readonly ConditionalWeakTable<RunClaim, Look> looks = [];
    private long sent;

    /// <summary>To be read before looking: what is sent during the look counts as not seen.</summary>
    public long Sent => Interlocked.Read(ref sent);

    /// <summary>What this process has sent, this time included.</summary>
    public long HasSent() => Interlocked.Increment(ref sent);

    public bool IsKnownToBeEmpty(RunClaim claim) =>
        looks.TryGetValue(claim, out var last) && last.Sent == Sent && clock.GetElapsedTime(last.At) < Moment;

    /// <param name="claim">Whose inbox.</param>
    /// <param name="sentBefore"><see cref="Sent"/> from before the look.</param>
    /// <param name="at">The clock's timestamp from before the look.</param>
    /// <param name="empty">Whether nothing was there.</param>
    public void HasLooked(RunClaim claim, long sentBefore, long at, bool empty)
    {
        if (empty)
        {
            looks.AddOrUpdate(claim, new Look(sentBefore, at));
        }
        else
        {
            _ = looks.Remove(claim);
        }
    }

    private sealed record Look(long Sent, long At);
}
