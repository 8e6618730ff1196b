namespace Runbooks.Fleet.Migrations.Turns;

/// <summary>How many migrations may run at once, and what each of them must be given.</summary>
public sealed record TurnLimits
{
    /// <summary>
    /// VMs that leave one host at once, from 1. Default 3: while one starts and another ends, the third one copies, so that the
    /// link is never idle. More would only make each copy longer, and the longer a copy takes, the more of it is sent twice.
    /// </summary>
    public int PerHostOut { get; init; } = 3;

    /// <summary>VMs that arrive on one host at once, from 1. Default 3, for the same reason.</summary>
    public int PerHostIn { get; init; } = 3;

    /// <summary>Migrations over one link, from 1. Default 4: two pairs of hosts.</summary>
    public int PerLink { get; init; } = 4;

    /// <summary>Migrations within one pool, from 1. Default 5: what is shared and not known as a link, such as storage, stays usable.</summary>
    public int PerPool { get; init; } = 5;

    /// <summary>
    /// For so long a migration that has its turn and does not copy yet keeps others from its host and its links, 0 or more.
    /// Default 5 s. Copies that begin together also end together, and then the link is idle until the next ones have begun.
    /// </summary>
    public TimeSpan StartsWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What a VM needs that writes nothing, or of which it is not known, MiB/s, more than 0. Default 4: a link of 100 Mbit/s still takes two.</summary>
    public double LeastMiBs { get; init; } = 4;

    /// <summary>How many times as fast as it is written memory must be sent, more than 1. Default 1.25: the rounds then shrink to a fifth less each.</summary>
    public double Margin { get; init; } = 1.25;

    /// <summary>After this time of waiting a VM goes first, and nothing of what it waits for is given to others. Default 5 minutes.</summary>
    public TimeSpan FirstAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A waiting run that has not asked again for this long is passed over: it is paused, or nobody has it. Default 1 minute.</summary>
    public TimeSpan PassedOverAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>What the way between two hosts carries when neither a limit nor the fleet file tells, MiB/s, more than 0. Default 110: gigabit Ethernet. Forecasts are made with it.</summary>
    public double UsualMiBs { get; init; } = 110;

    /// <summary>Bandwidth without which a VM's copy would not come to an end, MiB/s.</summary>
    /// <param name="dirtyMiBs">How fast its guest writes, MiB/s; null when not known.</param>
    public double Need(double? dirtyMiBs) => Math.Max(LeastMiBs, Margin * (dirtyMiBs ?? 0));

    /// <summary>What is wrong with these limits, one sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (name, value) in new[] { (nameof(PerHostOut), PerHostOut), (nameof(PerHostIn), PerHostIn), (nameof(PerLink), PerLink), (nameof(PerPool), PerPool) })
        {
            if (value < 1)
            {
                yield return $"{name} must be at least 1, found {value}: no VM could ever be moved.";
            }
        }

        if (!(LeastMiBs > 0))
        {
            yield return $"{nameof(LeastMiBs)} must be more than 0, found {LeastMiBs}.";
        }

        if (!(UsualMiBs > 0 && double.IsFinite(UsualMiBs)))
        {
            yield return $"{nameof(UsualMiBs)} must be more than 0, found {UsualMiBs}.";
        }

        if (!(Margin > 1))
        {
            yield return $"{nameof(Margin)} must be more than 1, found {Margin}: memory that is written as fast as it is sent is never all sent.";
        }

        if (StartsWithin < TimeSpan.Zero)
        {
            yield return $"{nameof(StartsWithin)} must not be below 0, found {StartsWithin}.";
        }

        if (FirstAfter <= TimeSpan.Zero || PassedOverAfter <= TimeSpan.Zero)
        {
            yield return $"{nameof(FirstAfter)} and {nameof(PassedOverAfter)} must be more than 0, found {FirstAfter} and {PassedOverAfter}.";
        }
    }
}
