using System.Globalization;
using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Fleet.Model;
using static Runbooks.Fleet.Tests.Migrations.Turns.Wishes;

namespace Runbooks.Fleet.Tests.Migrations.Turns;

/// <summary>Days of a fleet in which VMs come, wait, move and end at random; each is played again by its seed.</summary>
public sealed class TurnProperties
{
    private const double Slack = 1e-6;

    [Fact]
    public void No_limit_is_ever_passed_everybody_has_what_it_needs_and_everybody_goes()
    {
        for (var seed = 1; seed <= 300; seed++)
        {
            Play(seed);
        }
    }

    [Fact]
    public void Who_needs_nearly_a_whole_link_goes_although_small_ones_never_stop_coming()
    {
        var link = Link("rack", 100);
        var turns = new Dictionary<VmName, Turn>();
        var now = Noon;
        var hot = Wish("hot", "h0", "h1", dirty: 76, path: link);
        for (var i = 0; i < 200; i++, now += TimeSpan.FromSeconds(10))
        {
            // Each small one takes half a minute, and there is always one.
            foreach (var ended in turns.Values.Where(t => t.GrantedAt is { } at && now - at >= TimeSpan.FromSeconds(30)).ToArray())
            {
                turns.Remove(ended.Wish.Vm);
            }

            foreach (var wish in turns.Values.Where(t => t.GrantedAt is null).Select(t => t.Wish).Append(Wish($"small{i}", $"h{i % 7}", $"h{(i % 5) + 10}", path: link)).Append(hot).ToArray())
            {
                turns[wish.Vm] = TurnRules.Ask(wish, turns.Values, Limits, now).Turn;
            }

            if (turns[hot.Vm].GrantedAt is not null)
            {
                Assert.InRange(now - Noon, Limits.FirstAfter, Limits.FirstAfter + TimeSpan.FromMinutes(1));
                return;
            }
        }

        Assert.Fail("It never went.");
    }

    private static void Play(int seed)
    {
        var random = new Random(seed);
        var limits = new TurnLimits { PerHostOut = random.Next(1, 4), PerHostIn = random.Next(1, 4), PerLink = random.Next(1, 5), PerPool = random.Next(1, 8), StartsWithin = TimeSpan.FromSeconds(random.Next(0, 2) * 5) };
        PathLink[] links = [.. Enumerable.Range(0, 4).Select(i => Link($"l{i}", random.Next(10, 300)))];
        var (turns, gone, now, made) = (new Dictionary<VmName, Turn>(), 0, Noon, random.Next(5, 40));
        List<TurnWish> wishes = [.. Enumerable.Range(0, made).Select(i => RandomWish(random, i, links))];
        for (var step = 0; gone < made; step++, now += TimeSpan.FromSeconds(random.Next(1, 40)))
        {
            Assert.True(step < 2000, $"seed {seed}: {made - gone} of {made} never went.");
            foreach (var wish in wishes.Where(w => !turns.TryGetValue(w.Vm, out var t) || t.GrantedAt is null).OrderBy(_ => random.Next()).Take(random.Next(0, made)).ToArray())
            {
                turns[wish.Vm] = TurnRules.Ask(wish, [.. turns.Values.OrderBy(_ => random.Next())], limits, now).Turn;
            }

            Check(seed, [.. turns.Values.Where(t => t.GrantedAt is not null)], limits, random);
            foreach (var going in turns.Values.Where(t => t.GrantedAt is not null && random.Next(3) == 0).ToArray())
            {
                turns.Remove(going.Wish.Vm);
                wishes.RemoveAll(w => w.Vm == going.Wish.Vm);
                gone++;
            }
        }
    }

    private static TurnWish RandomWish(Random random, int i, PathLink[] links)
    {
        var (from, to) = (random.Next(5), random.Next(4));
        var path = links.Where(_ => random.Next(3) == 0).ToArray();
        return Wish(
            string.Create(CultureInfo.InvariantCulture, $"vm{i}"), $"h{from}", $"h{(to >= from ? to + 1 : to)}",
            random.Next(2) == 0 ? null : random.Next(0, 200), random.Next(4) == 0 ? random.Next(1, 100) : null, random.Next(3), $"p{random.Next(2)}", path);
    }

    private static void Check(int seed, Turn[] going, TurnLimits limits, Random random)
    {
        var wishes = going.Select(t => t.Wish).ToArray();
        AtMost(limits.PerHostOut, wishes.GroupBy(w => w.Source.Value));
        AtMost(limits.PerHostIn, wishes.GroupBy(w => w.Destination.Value));
        AtMost(limits.PerPool, wishes.GroupBy(w => w.Pool));
        AtMost(limits.PerLink, wishes.SelectMany(w => w.Path.Select(l => (w, l.Name))).GroupBy(x => x.Name, x => x.w));
        var shares = BandwidthShares.Of(going.Select(t => t with { IsCopying = true }).OrderBy(_ => random.Next()), limits);
        var fits = true;
        foreach (var link in wishes.SelectMany(w => w.Path).Distinct())
        {
            var users = wishes.Where(w => w.Path.Contains(link)).ToArray();
            var needed = users.Sum(w => limits.Need(w.DirtyMiBs));
            Assert.True(users.Length == 1 || needed <= link.MiBs + Slack, $"seed {seed}: {link} is to carry {needed} for {users.Length}");
            fits &= needed <= link.MiBs;
            if (users.Length > 1 && users.Any(w => limits.Need(w.DirtyMiBs) > link.MiBs / users.Length))
            {
                var given = users.Sum(w => shares[w.Vm].MiBs ?? double.PositiveInfinity);
                Assert.True(given <= link.MiBs + Slack, $"seed {seed}: {link} has to carry {given}");
            }
        }

        foreach (var wish in wishes)
        {
            var share = shares[wish.Vm].MiBs ?? double.PositiveInfinity;
            var most = wish.MostMiBs ?? double.PositiveInfinity;
            Assert.True(share <= most + Slack, $"seed {seed}: {wish.Vm} gets {share} and may have {most}");
            Assert.True(!fits || share >= Math.Min(limits.Need(wish.DirtyMiBs), most) - Slack, $"seed {seed}: {wish.Vm} gets {share} and needs {limits.Need(wish.DirtyMiBs)}");
        }

        void AtMost(int most, IEnumerable<IGrouping<string, TurnWish>> groups) =>
            Assert.All(groups, g => Assert.True(g.Count() <= most, $"seed {seed}: {g.Count()} at '{g.Key}', {most} may"));
    }
}
