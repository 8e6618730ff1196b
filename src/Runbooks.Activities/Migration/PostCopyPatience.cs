using Runbooks.Hypervisors.Contract;

namespace Runbooks.Activities.Migration;

/// <summary>What to do next for a post-copy that has lost its connection.</summary>
internal enum PostCopyMeasure
{
    /// <summary>Look again.</summary>
    Wait,

    /// <summary>Ask for a new connection.</summary>
    Recover,

    /// <summary>Give up the old connection, which the source takes for alive.</summary>
    Break,

    /// <summary>Ask a person.</summary>
    Ask,
}

/// <summary>Decides what is done for a post-copy that has lost its connection, from what was seen of it and what it answered.</summary>
/// <remarks>
/// The old connection is given time to come back by itself before it is given up: a destination whose QEMU waits for a page of
/// the guest with its main lock held can go on with the old connection, but cannot be told of a new one.
/// </remarks>
internal sealed class PostCopyPatience
{
    /// <summary>Refusals because the old connection is taken for alive do not count before it is given up.</summary>
    public const int MaxTries = 8;

    /// <summary>Between two tries: QEMU was seen to need a minute until it lets itself be recovered.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(15);

    /// <summary>Linux sends what was not answered again after at most 120 s (TCP_RTO_MAX); and then pages must be seen to flow.</summary>
    public static readonly TimeSpan OfTcp = TimeSpan.FromSeconds(150);

    private DateTimeOffset? lastTry;
    private DateTimeOffset? heldSince;
    private bool isBroken;
    private int tries;
    private long sent = -1;

    public PostCopyMeasure Next(MigrationPhase phase, long sentBytes, DateTimeOffset now)
    {
        if (phase == MigrationPhase.PostCopy)
        {
            (sent, lastTry, heldSince, isBroken, tries) = (sentBytes, null, null, false, 0);
            return PostCopyMeasure.Wait;
        }

        if (sentBytes > sent)
        {
            // It goes on by itself: only its supervision was lost.
            (sent, heldSince) = (sentBytes, null);
            return PostCopyMeasure.Wait;
        }

        if (now - lastTry < Pause)
        {
            return PostCopyMeasure.Wait;
        }

        if (tries >= MaxTries)
        {
            return PostCopyMeasure.Ask;
        }

        lastTry = now;
        if (isBroken || !(now - heldSince >= OfTcp))
        {
            return PostCopyMeasure.Recover;
        }

        isBroken = true;
        return PostCopyMeasure.Break;
    }

    /// <param name="answer">To <see cref="PostCopyMeasure.Recover"/>; null: it failed otherwise.</param>
    /// <param name="now">When it came.</param>
    public void Answered(PostCopyRecovery? answer, DateTimeOffset now)
    {
        if (answer == PostCopyRecovery.HeldAlive && !isBroken)
        {
            heldSince ??= now;
        }
        else
        {
            (heldSince, tries) = (null, tries + 1);
        }
    }
}
