using Runbooks.Fleet.Migrations.Turns;
using static Runbooks.Fleet.Tests.Migrations.Turns.Wishes;

namespace Runbooks.Fleet.Tests.Migrations.Turns;

public sealed class TurnRulesTests
{
    [Fact]
    public void As_many_leave_a_host_as_may()
    {
        var answer = Ask(Wish("c", to: "h4"), Wish("a").Going(), Wish("b", to: "h3").Going());

        var waits = Assert.IsType<TurnAnswer.Waits>(answer);
        Assert.Equal("a, b leave h1, and 2 at once may.", waits.Reason);
        Assert.Equal(["a", "b"], waits.InTheWay.Select(t => t.Wish.Vm.Value));
    }

    [Fact]
    public void Copies_begin_one_after_the_other_on_a_host_and_on_a_link()
    {
        var rack = Link("rack", 100);
        var starting = Wish("a", path: rack).Going(isCopying: false);

        Assert.Equal("a is about to begin its copy, and copies begin one after the other.", Why(Wish("b", to: "h3"), starting));
        Assert.Equal("a is about to begin its copy, and copies begin one after the other.", Why(Wish("b", "h4", "h5", path: rack), starting));
        Assert.IsType<TurnAnswer.Granted>(Ask(Wish("b", "h4", "h5"), starting));
        Assert.Equal(["b"], Admitted(Limits, Wish("b").Waiting(), Wish("c").Waiting()));
    }

    [Fact]
    public void Who_takes_too_long_to_begin_is_not_waited_for() =>
        Assert.IsType<TurnAnswer.Granted>(Ask(Wish("b"), Wish("a").Going(since: Limits.StartsWithin, isCopying: false)));

    [Fact]
    public void As_many_arrive_on_a_host_as_may() =>
        Assert.Equal("a, b arrive on h9, and 2 at once may.", Why(Wish("c", "h3", "h9"), Wish("a", "h1", "h9").Going(), Wish("b", "h2", "h9").Going()));

    [Fact]
    public void As_many_move_within_a_pool_as_may()
    {
        Turn[] five = [.. Enumerable.Range(0, 5).Select(i => Wish($"vm{i}", $"from{i}", $"to{i}").Going())];

        Assert.Contains("within pool 'p', and 5 at once may", Why(Wish("x"), five), StringComparison.Ordinal);
        Assert.IsType<TurnAnswer.Granted>(Ask(Wish("x", pool: "other"), five));
    }

    [Fact]
    public void A_host_gives_and_takes_at_the_same_time() =>
        Assert.IsType<TurnAnswer.Granted>(Ask(Wish("c", "h2", "h5"), Wish("a", "h1", "h2").Going(), Wish("b", "h3", "h2").Going()));

    [Fact]
    public void Who_would_not_converge_beside_another_on_a_link_waits_for_it()
    {
        var link = Link("rack", 100);

        Assert.Equal(
            "Link 'rack' carries 100 MiB/s, of which a needs 75; b needs 50, or its copy would not come to an end.",
            Why(Wish("b", "h3", "h4", dirty: 40, path: link), Wish("a", dirty: 60, path: link).Going()));
        Assert.IsType<TurnAnswer.Granted>(Ask(Wish("b", "h3", "h4", dirty: 20, path: link), Wish("a", dirty: 60, path: link).Going()));
    }

    [Fact]
    public void Who_needs_more_than_a_link_carries_goes_alone()
    {
        var link = Link("rack", 100);

        Assert.IsType<TurnAnswer.Granted>(Ask(Wish("hot", dirty: 500, path: link)));
        Assert.IsType<TurnAnswer.Waits>(Ask(Wish("hot", dirty: 500, path: link), Wish("a", "h3", "h4", path: link).Going()));
        Assert.IsType<TurnAnswer.Waits>(Ask(Wish("b", "h3", "h4", path: link), Wish("hot", dirty: 500, path: link).Going()));
    }

    [Fact]
    public void The_smaller_of_two_figures_for_one_link_holds() =>
        Assert.IsType<TurnAnswer.Waits>(Ask(Wish("b", "h3", "h4", dirty: 30, path: Link("rack", 1000)), Wish("a", dirty: 30, path: Link("rack", 60)).Going()));

    [Fact]
    public void Who_waits_for_a_busy_host_holds_up_nobody_who_does_not_need_it() =>
        Assert.Equal(["other"], Admitted(
            Limits,
            Wish("a").Going(),
            Wish("b").Going(),
            Wish("first", order: 1).Waiting(TimeSpan.FromMinutes(1)),
            Wish("other", "h3", "h4", order: 2).Waiting()));

    [Fact]
    public void Those_that_wait_go_in_the_order_of_their_plan_then_of_their_age() =>
        Assert.Equal(["wave1", "older"], Admitted(
            AtOnce,
            Wish("younger", order: 2).Waiting(TimeSpan.FromSeconds(1)),
            Wish("older", order: 2).Waiting(TimeSpan.FromSeconds(2)),
            Wish("wave1", order: 1).Waiting()));

    [Fact]
    public void Who_has_waited_long_goes_first_whatever_its_order() =>
        Assert.Equal(["patient", "wave1"], Admitted(
            AtOnce,
            Wish("wave1", order: 1).Waiting(),
            Wish("wave1b", order: 1).Waiting(),
            Wish("patient", order: 9).Waiting(TimeSpan.FromMinutes(5))));

    [Fact]
    public void What_somebody_has_long_waited_for_is_kept_free_for_him()
    {
        var link = Link("rack", 100);
        Turn[] turns = [Wish("a", dirty: 8, path: link).Going(), Wish("small", "h3", "h4", path: link).Waiting()];
        var hot = Wish("hot", "h5", "h6", dirty: 76, path: link);

        Assert.Equal(["small"], Admitted(Limits, [.. turns, hot.Waiting(TimeSpan.FromMinutes(4))]));
        Assert.Equal([], Admitted(Limits, [.. turns, hot.Waiting(TimeSpan.FromMinutes(5))]));
        Assert.Equal(["hot"], Admitted(Limits, turns[1], hot.Waiting(TimeSpan.FromMinutes(5))));
    }

    [Fact]
    public void Who_has_not_asked_for_a_while_is_passed_over() =>
        Assert.Equal(["b", "c"], Admitted(
            AtOnce,
            Wish("paused").Waiting(TimeSpan.FromHours(1), TimeSpan.FromMinutes(1)),
            Wish("b").Waiting(),
            Wish("c").Waiting()));

    [Fact]
    public void Asking_again_keeps_the_turn_and_the_age()
    {
        var going = Wish("a").Going(TimeSpan.FromMinutes(2));
        var waiting = Wish("b").Waiting(TimeSpan.FromMinutes(2));

        var (first, turn) = TurnRules.Ask(Wish("a", dirty: 3), [going, waiting], Limits, Noon);
        Assert.IsType<TurnAnswer.Granted>(first);
        Assert.Equal((going.GrantedAt, 3.0), (turn.GrantedAt, turn.Wish.DirtyMiBs));

        var full = Limits with { PerHostOut = 1 };
        Assert.Equal(waiting.AskedAt, TurnRules.Ask(Wish("b"), [going, waiting], full, Noon).Turn.AskedAt);
    }

    [Fact]
    public void The_turn_that_another_run_left_behind_for_a_vm_is_replaced()
    {
        var left = Wish("a").Going(TimeSpan.FromHours(1));

        var (answer, turn) = TurnRules.Ask(Wish("a") with { Holder = "another run" }, [left], Limits with { PerHostOut = 1 }, Noon);

        Assert.IsType<TurnAnswer.Granted>(answer);
        Assert.Equal(("another run", Noon), (turn.Wish.Holder, turn.AskedAt));
    }

    [Theory]
    [InlineData(0, 1.25, 8, "PerHostOut must be at least 1, found 0")]
    [InlineData(1, 1.0, 8, "Margin must be more than 1, found 1")]
    [InlineData(1, double.NaN, 8, "Margin must be more than 1")]
    [InlineData(1, 1.25, 0, "LeastMiBs must be more than 0, found 0")]
    public void Limits_with_which_nothing_would_ever_move_are_refused(int perHostOut, double margin, double least, string expected) =>
        Assert.Contains(expected, Assert.Single(new TurnLimits { PerHostOut = perHostOut, Margin = margin, LeastMiBs = least }.Problems()), StringComparison.Ordinal);

    [Fact]
    public void The_usual_limits_are_allowed() => Assert.Empty(new TurnLimits().Problems());

    private static TurnAnswer Ask(TurnWish wish, params Turn[] others) => TurnRules.Ask(wish, others, Limits, Noon).Answer;

    private static string Why(TurnWish wish, params Turn[] others) => Assert.IsType<TurnAnswer.Waits>(Ask(wish, others)).Reason;
}
