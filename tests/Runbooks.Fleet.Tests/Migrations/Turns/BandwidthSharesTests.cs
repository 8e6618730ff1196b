using Runbooks.Fleet.Migrations.Turns;
using static Runbooks.Fleet.Tests.Migrations.Turns.Wishes;

namespace Runbooks.Fleet.Tests.Migrations.Turns;

public sealed class BandwidthSharesTests
{
    private static readonly PathLink Rack = Link("rack", 100);

    [Fact]
    public void One_alone_is_not_limited() => Assert.Equal([("a", null)], Shares(Wish("a", dirty: 500, path: Rack).Going()));

    [Fact]
    public void Where_an_equal_part_is_enough_for_each_nobody_is_limited() =>
        Assert.Equal([("a", null), ("b", null)], Shares(Wish("a", dirty: 40, path: Rack).Going(), Wish("b", path: Rack).Going()));

    [Fact]
    public void What_nobody_knows_the_capacity_of_is_not_shared_out() =>
        Assert.Equal([("a", null), ("b", 30)], Shares(Wish("a", dirty: 90).Going(), Wish("b", dirty: 90, most: 30).Going()));

    [Fact]
    public void Where_it_is_not_each_gets_its_need_and_half_of_what_is_left() =>
        Assert.Equal([("a", 71), ("b", 29)], Shares(Wish("a", dirty: 48, path: Rack).Going(), Wish("b", dirty: 14.4, path: Rack).Going()));

    [Fact]
    public void Who_may_not_take_more_leaves_it_to_the_others() =>
        Assert.Equal([("a", 88), ("b", 12)], Shares(Wish("a", dirty: 60, path: Rack).Going(), Wish("b", most: 12, path: Rack).Going()));

    [Fact]
    public void Who_is_held_back_by_another_link_leaves_the_rest_to_the_others() =>
        Assert.Equal([("a", 90), ("b", 10)], Shares(Wish("a", dirty: 60, path: Rack).Going(), Wish("b", path: [Rack, Link("slow", 10)]).Going()));

    [Fact]
    public void Who_is_not_copying_yet_takes_nothing_from_the_others_and_is_told_what_it_would_get() =>
        Assert.Equal([("a", null), ("b", 24)], Shares(Wish("a", dirty: 48, path: Rack).Going(), Wish("b", path: Rack).Going(isCopying: false)));

    [Fact]
    public void Needs_that_do_not_fit_are_met_in_the_order_of_the_grants() =>
        Assert.Equal(
            [("a", 25), ("b", 75), ("c", 0)],
            Shares(Wish("a", dirty: 80, path: Rack).Going(TimeSpan.FromSeconds(1)), Wish("b", dirty: 60, path: Rack).Going(TimeSpan.FromSeconds(2)), Wish("c", path: Rack).Going()));

    [Fact]
    public void Who_waits_has_no_share() => Assert.Equal([("a", null)], Shares(Wish("a", path: Rack).Going(), Wish("b", dirty: 90, path: Rack).Waiting()));

    private static (string, double?)[] Shares(params Turn[] turns) =>
        [.. BandwidthShares.Of(turns, Limits).OrderBy(s => s.Key).Select(s => (s.Key.Value, s.Value.MiBs is { } mibs ? (double?)Math.Round(mibs, 6) : null))];
}
