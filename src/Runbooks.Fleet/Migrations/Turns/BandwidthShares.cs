using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Migrations.Turns;

/// <summary>
/// Shares out links among the migrations that are on them. Pure.
/// </summary>
/// <remarks>
/// TCP gives equal parts, and gives what one leaves to the others at once. Where an equal part is enough for each, nothing is
/// better than that, and nobody is limited. Where it is not, each gets what it needs, and what is left in equal parts, as far
/// as each may and can take it.
/// </remarks>
public static class BandwidthShares
{
    /// <summary>Below this a rest is no rest, MiB/s; sums of fractions are not exact.</summary>
    private const double Nothing = 1e-9;

    /// <summary>
    /// The share of each turn that is granted; no limit where TCP shares well enough. One that is not copying yet gets what it would get if it were, and takes nothing
    /// from the others.
    /// </summary>
    /// <remarks>
    /// Needs that don't fit, because guests write faster than was known when they were admitted, are met in the order of the
    /// grants: so the first copy ends, and then there is more for the next one.
    /// </remarks>
    public static IReadOnlyDictionary<VmName, TurnShare> Of(IEnumerable<Turn> turns, TurnLimits limits)
    {
        ArgumentNullException.ThrowIfNull(turns);
        ArgumentNullException.ThrowIfNull(limits);
        var granted = turns.Where(t => t.GrantedAt is not null).OrderBy(t => t.GrantedAt).ThenBy(t => t.Wish.Vm).ToList();
        var copying = granted.Where(t => t.IsCopying).Select(t => t.Wish).ToList();
        var shares = Fill(copying, limits);
        foreach (var wish in granted.Where(t => !t.IsCopying).Select(t => t.Wish))
        {
            shares[wish.Vm] = Fill([.. copying, wish], limits)[wish.Vm];
        }

        return shares.ToDictionary(s => s.Key, s => new TurnShare(double.IsPositiveInfinity(s.Value) ? null : s.Value));
    }

    private static Dictionary<VmName, double> Fill(List<TurnWish> wishes, TurnLimits limits)
    {
        var left = wishes.SelectMany(w => w.Path).GroupBy(l => l.Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Min(l => l.MiBs), StringComparer.Ordinal);
        var shares = new Dictionary<VmName, double>();
        foreach (var wish in wishes)
        {
            shares[wish.Vm] = Math.Min(Math.Min(limits.Need(wish.DirtyMiBs), Most(wish)), LeftFor(wish));
            Take(wish, shares[wish.Vm]);
        }

        // Each round saturates a link or satisfies a wish, so there are not more rounds than links and wishes.
        for (var growing = Growing(); growing.Count > 0; growing = Growing())
        {
            var users = growing.SelectMany(w => w.Path.Select(l => l.Name)).CountBy(n => n, StringComparer.Ordinal);
            var step = Math.Min(
                users.Select(u => left[u.Key] / u.Value).DefaultIfEmpty(double.PositiveInfinity).Min(),
                growing.Min(w => Most(w) - shares[w.Vm]));
            foreach (var wish in growing)
            {
                shares[wish.Vm] += step;
                Take(wish, step);
            }
        }

        foreach (var wish in wishes.Where(w => w.Path.All(IsCalm)))
        {
            shares[wish.Vm] = Most(wish);
        }

        return shares;

        bool IsCalm(PathLink link)
        {
            var users = wishes.Where(w => w.Path.Any(l => string.Equals(l.Name, link.Name, StringComparison.Ordinal))).ToList();
            var part = users.SelectMany(w => w.Path).Where(l => string.Equals(l.Name, link.Name, StringComparison.Ordinal)).Min(l => l.MiBs) / users.Count;
            return users.Count == 1 || users.TrueForAll(w => limits.Need(w.DirtyMiBs) <= part);
        }

        List<TurnWish> Growing() => [.. wishes.Where(w => shares[w.Vm] < Most(w) - Nothing && LeftFor(w) > Nothing)];

        double LeftFor(TurnWish wish) => wish.Path.Select(l => left[l.Name]).DefaultIfEmpty(double.PositiveInfinity).Min();

        void Take(TurnWish wish, double amount)
        {
            foreach (var link in wish.Path)
            {
                left[link.Name] = Math.Max(0, left[link.Name] - amount);
            }
        }
    }

    private static double Most(TurnWish wish) => wish.MostMiBs ?? double.PositiveInfinity;
}
