using System.Globalization;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Migrations.Turns;

/// <summary>
/// Who may migrate now. Pure: every keeper of turns calls it while nobody else can change what it is told.
/// </summary>
/// <remarks>
/// Those that wait are looked at in their order, and each that finds all it needs may go: who waits for a busy host does not
/// hold up who doesn't need that host. Who has waited for <see cref="TurnLimits.FirstAfter"/> goes first, and what it waits
/// for is kept free for it, so that everybody's turn comes. On a host and on a link copies begin one after the other.
/// </remarks>
public static class TurnRules
{
    /// <summary>What becomes of a wish: the answer, and the turn as it is to be kept.</summary>
    /// <param name="wish">The wish.</param>
    /// <param name="all">All turns, that of the VM among them if it has one.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="now">The time, by the clock of whoever keeps the turns.</param>
    public static (TurnAnswer Answer, Turn Turn) Ask(TurnWish wish, IReadOnlyCollection<Turn> all, TurnLimits limits, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(wish);
        ArgumentNullException.ThrowIfNull(all);
        ArgumentNullException.ThrowIfNull(limits);
        var others = all.Where(t => t.Wish.Vm != wish.Vm).ToList();
        var before = all.FirstOrDefault(t => t.Wish.Vm == wish.Vm && string.Equals(t.Wish.Holder, wish.Holder, StringComparison.Ordinal));
        var turn = before is null ? new Turn(wish, now, now, null, IsCopying: false) : before with { Wish = wish, SeenAt = now };
        if (turn.GrantedAt is null && Admit([.. others, turn], limits, now).Any(t => t.Wish.Vm == wish.Vm))
        {
            turn = turn with { GrantedAt = now };
        }

        if (turn.GrantedAt is not null)
        {
            return (new TurnAnswer.Granted(BandwidthShares.Of([.. others, turn with { IsCopying = true }], limits)[wish.Vm].MiBs), turn);
        }

        var taken = others.Where(t => t.GrantedAt is not null).ToList();
        return (Obstacle(wish, [.. taken.Select(t => t.Wish)], limits) ?? Start(wish, Starting(taken, limits, now))) is var (why, who)
            ? (new TurnAnswer.Waits(why, [.. taken.Where(t => who.Contains(t.Wish))]), turn)
            : (new TurnAnswer.Waits($"Others that wait longer, or come first in their plan, go before {wish.Vm}.", []), turn);
    }

    /// <summary>Those that wait and may go now, in their order.</summary>
    public static IReadOnlyList<Turn> Admit(IReadOnlyCollection<Turn> all, TurnLimits limits, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(all);
        ArgumentNullException.ThrowIfNull(limits);
        var taken = all.Where(t => t.GrantedAt is not null).Select(t => t.Wish).ToList();
        var starting = Starting(all, limits, now);
        var admitted = new List<Turn>();
        foreach (var turn in InOrder(all.Where(t => t.GrantedAt is null && now - t.SeenAt < limits.PassedOverAfter), limits, now))
        {
            var isFree = Obstacle(turn.Wish, taken, limits) is null && Start(turn.Wish, starting) is null;
            if (isFree)
            {
                admitted.Add(turn);
                if (limits.StartsWithin > TimeSpan.Zero)
                {
                    starting.Add(turn.Wish);
                }
            }

            // Who has waited long is counted as if it were going: what it needs is not given away while it waits for the rest.
            if (isFree || IsFirst(turn, limits, now))
            {
                taken.Add(turn.Wish);
            }
        }

        return admitted;
    }

    private static IEnumerable<Turn> InOrder(IEnumerable<Turn> waiting, TurnLimits limits, DateTimeOffset now) => waiting
        .OrderBy(t => IsFirst(t, limits, now) ? 0 : 1)
        .ThenBy(t => IsFirst(t, limits, now) ? 0 : t.Wish.Order)
        .ThenBy(t => t.AskedAt)
        .ThenBy(t => t.Wish.Vm);

    private static bool IsFirst(Turn turn, TurnLimits limits, DateTimeOffset now) => now - turn.AskedAt >= limits.FirstAfter;

    /// <summary>What is in the way of a wish, and who; null when nothing is.</summary>
    private static (string Why, List<TurnWish> Who)? Obstacle(TurnWish wish, IReadOnlyCollection<TurnWish> taken, TurnLimits limits) =>
        Full(taken.Where(t => t.Source == wish.Source), limits.PerHostOut, $"leave {wish.Source}")
        ?? Full(taken.Where(t => t.Destination == wish.Destination), limits.PerHostIn, $"arrive on {wish.Destination}")
        ?? Full(taken.Where(t => string.Equals(t.Pool, wish.Pool, StringComparison.Ordinal)), limits.PerPool, $"move within pool '{wish.Pool}'")
        ?? wish.Path.Select(link => Busy(wish, link, taken, limits)).FirstOrDefault(o => o is not null);

    /// <summary>Those that have their turn and do not copy yet. One that takes too long to begin is no longer waited for.</summary>
    private static List<TurnWish> Starting(IEnumerable<Turn> turns, TurnLimits limits, DateTimeOffset now) =>
        [.. turns.Where(t => t.GrantedAt is { } granted && !t.IsCopying && now - granted < limits.StartsWithin).Select(t => t.Wish)];

    private static (string Why, List<TurnWish> Who)? Start(TurnWish wish, List<TurnWish> starting)
    {
        var who = starting.Where(s => s.Source == wish.Source || s.Path.Any(l => wish.Path.Any(w => IsSame(w, l)))).ToList();
        return who.Count > 0 ? ($"{Names(who)} is about to begin its copy, and copies begin one after the other.", who) : null;
    }

    private static (string Why, List<TurnWish> Who)? Full(IEnumerable<TurnWish> users, int most, string what)
    {
        var who = users.ToList();
        return who.Count >= most ? ($"{Names(who)} {what}, and {most} at once may.", who) : null;
    }

    /// <summary>A link that nobody uses is free for everybody, also for who needs more than it carries: alone it does best.</summary>
    private static (string Why, List<TurnWish> Who)? Busy(TurnWish wish, PathLink link, IReadOnlyCollection<TurnWish> taken, TurnLimits limits)
    {
        var who = taken.Where(t => t.Path.Any(l => IsSame(l, link))).ToList();
        if (who.Count == 0)
        {
            return null;
        }

        var carries = who.SelectMany(t => t.Path).Append(link).Where(l => IsSame(l, link)).Min(l => l.MiBs);
        var need = limits.Need(wish.DirtyMiBs);
        var needed = who.Sum(t => limits.Need(t.DirtyMiBs));
        return needed + need > carries
            ? (string.Create(CultureInfo.InvariantCulture, $"Link '{link.Name}' carries {carries:0.#} MiB/s, of which {Names(who)} need{(who.Count == 1 ? "s" : "")} {needed:0.#}; {wish.Vm} needs {need:0.#}, or its copy would not come to an end."), who)
            : Full(who, limits.PerLink, $"use link '{link.Name}'");
    }

    private static bool IsSame(PathLink one, PathLink other) => string.Equals(one.Name, other.Name, StringComparison.Ordinal);

    private static string Names(IEnumerable<TurnWish> wishes) => string.Join(", ", wishes.Select(w => w.Vm.Value).Order(StringComparer.Ordinal));
}
