using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Scaling;

/// <summary>The next thing to ask of a guest whose memory changes.</summary>
public abstract record BalloonStep
{
    private BalloonStep()
    {
    }

    /// <summary>To have so much memory next, MiB.</summary>
    public sealed record Ask(int MemoryMiB) : BalloonStep;

    /// <summary>Nothing any more: it would be too little.</summary>
    public sealed record Stop(string Reason) : BalloonStep;

    /// <summary>Nothing any more: it has what was wished.</summary>
    public sealed record Arrived : BalloonStep;
}

/// <summary>
/// Takes memory from a guest in steps. What the guest uses is looked at before each: it may have grown since the wish was
/// allowed, and a guest that is squeezed ends its own programs long before anybody outside notices.
/// </summary>
public static class BalloonSteps
{
    /// <summary>A step is at least this, MiB: what a balloon takes in well under a second.</summary>
    private const int LeastMiB = 64;

    /// <summary>A step is at most this, MiB: a few seconds, so that a cancelled run is not waited for.</summary>
    private const int MostMiB = 1024;

    private const int StepsOfUsual = 4;

    /// <param name="vm">The VM.</param>
    /// <param name="from">The memory that it had at first, MiB.</param>
    /// <param name="to">The memory that it is to have, MiB.</param>
    /// <param name="now">The memory that it has now, MiB.</param>
    /// <param name="usedMiB">What its guest can't give back, MiB; null when it does not tell.</param>
    /// <param name="anywayBecause">Why it is done to a guest that does not tell; null or empty: it is not.</param>
    public static BalloonStep Next(VmName vm, int from, int to, int now, int? usedMiB, string? anywayBecause)
    {
        if (now == to)
        {
            return new BalloonStep.Arrived();
        }

        if (now < to)
        {
            // Giving is harmless, and the room for all of it is held.
            return new BalloonStep.Ask(to);
        }

        var next = Math.Max(to, now - Math.Clamp((from - to) / StepsOfUsual, LeastMiB, MostMiB));
        return ScalingRules.WhyNotLess(vm, next, usedMiB, anywayBecause) is { } reason ? new BalloonStep.Stop(reason) : new BalloonStep.Ask(next);
    }
}
