using Runbooks.Fleet.Migrations.Turns;
using static Runbooks.Fleet.Tests.Migrations.Turns.Wishes;

namespace Runbooks.Fleet.Tests.Migrations.Turns;

public sealed class BandwidthSharesTests
{
    private static readonly PathLink Rack = Link("rack", 100);

    [Fact]
    public void One_alone_gets_the_whole_link() => Assert.Equal([("a", 100)], Shares(Wish("a", path: Rack).Going()));

    [Fact]
    public void What_nobody_knows_the_capacity_of_is_not_shared_out() =>
        Assert.Equal([("a", null), ("b", 30)], Shares(Wish("a").Going(), Wish("b", most: 30).Going()));

    [Fact]
    public void Equal_needs_get_equal_parts() =>
        Assert.Equal([("a", 50), ("b", 50)], Shares(Wish("a", path: Rack).Going(), Wish("b", path: Rack).Going()));

    [Fact]
    public void Each_gets_its_need_and_half_of_what_is_left() =>
        Assert.Equal([("a", 63.5), ("b", 36.5)], Shares(Wish("a", dirty: 40, path: Rack).Going(), Wish("b", dirty: 18.4, path: Rack).Going()));

    [Fact]
    public void Who_may_not_take_more_leaves_it_to_the_others() =>
        Assert.Equal([("a", 20), ("b", 80)], Shares(Wish("a", most: 20, path: Rack).Going(), Wish("b", path: Rack).Going()));

    [Fact]
    public void Who_is_held_back_by_another_link_leaves_the_rest_to_the_others() =>
        Assert.Equal([("a", 10), ("b", 90)], Shares(Wish("a", path: [Rack, Link("slow", 10)]).Going(), Wish("b", path: Rack).Going()));

    [Fact]
    public void Who_is_not_copying_yet_takes_nothing_from_the_others_and_is_told_what_it_would_get() =>
        Assert.Equal([("a", 100), ("b", 50)], Shares(Wish("a", path: Rack).Going(), Wish("b", path: Rack).Going(isCopying: false)));

    [Fact]
    public void Needs_that_do_not_fit_are_met_in_the_order_of_the_grants() =>
        Assert.Equal(
            [("a", 25), ("b", 75), ("c", 0)],
            Shares(Wish("a", dirty: 80, path: Rack).Going(TimeSpan.FromSeconds(1)), Wish("b", dirty: 60, path: Rack).Going(TimeSpan.FromSeconds(2)), Wish("c", path: Rack).Going()));

    [Fact]
    public void Who_waits_has_no_share() => Assert.Equal([("a", 100)], Shares(Wish("a", path: Rack).Going(), Wish("b", path: Rack).Waiting()));

    private static (string, double?)[] Shares(params Turn[] turns) =>
        [.. BandwidthShares.Of(turns, Limits).OrderBy(s => s.Key).Select(s => (s.Key.Value, s.Value.MiBs is { } mibs ? (double?)Math.Round(mibs, 6) : null))];
}
