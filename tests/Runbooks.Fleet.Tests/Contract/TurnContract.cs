using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Tests.Contract;

/// <summary>What every keeper of turns promises. The limits are two out, two in, five per pool.</summary>
public abstract class TurnContract : IAsyncLifetime
{
    protected static readonly TurnLimits Limits = new() { PerHostOut = 2, PerHostIn = 2, PerPool = 5, LeastMiBs = 8, StartsWithin = TimeSpan.Zero };

    private static readonly PathLink Rack = new("rack", 100);

    private IMigrationTurns turns = null!;

    private static CancellationToken None => CancellationToken.None;

    public async Task InitializeAsync() => turns = await OpenEmptyAsync(Limits);

    public virtual Task DisposeAsync() => Task.CompletedTask;

    protected abstract Task<IMigrationTurns> OpenEmptyAsync(TurnLimits limits);

    [Fact]
    public async Task A_turn_is_read_back_as_it_was_wished()
    {
        var wish = Wish("a", path: [Rack, new PathLink("out of h1", 7.5)]) with { DirtyMiBs = 3.5, MostMiBs = 40, Order = 7 };

        Assert.Equal(new TurnAnswer.Granted(40), await turns.AskAsync(wish, None));

        var turn = (await turns.FindAsync(wish.Vm, None))!;
        Assert.Equal(wish with { Path = [] }, turn.Wish with { Path = [] });
        Assert.Equal(wish.Path, turn.Wish.Path);
        Assert.Equal((turn.AskedAt, turn.SeenAt, false), (turn.GrantedAt, turn.SeenAt, turn.IsCopying));
        Assert.Equal(turn with { Wish = wish }, Assert.Single(await turns.ListAsync(None)) with { Wish = wish });
        Assert.Null(await turns.FindAsync(new VmName("b"), None));
    }

    [Fact]
    public async Task The_last_place_is_given_away_once_however_many_ask_for_it_at_the_same_time()
    {
        _ = await turns.AskAsync(Wish("a"), None);

        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => turns.AskAsync(Wish($"vm{i}"), None))));

        Assert.Single(answers.OfType<TurnAnswer.Granted>());
        Assert.Equal(2, (await turns.ListAsync(None)).Count(t => t.GrantedAt is not null));
    }

    [Fact]
    public async Task Who_asks_again_keeps_what_it_has()
    {
        var first = await turns.AskAsync(Wish("a", path: [Rack]), None);
        _ = await turns.AskAsync(Wish("b"), None);
        _ = await turns.AskAsync(Wish("c"), None);
        var (held, waits) = (await turns.FindAsync(new VmName("a"), None), await turns.FindAsync(new VmName("c"), None));

        Assert.Equal(first, await turns.AskAsync(Wish("a", path: [Rack]), None));
        Assert.IsType<TurnAnswer.Waits>(await turns.AskAsync(Wish("c"), None));

        Assert.Equal(held!.GrantedAt, (await turns.FindAsync(new VmName("a"), None))!.GrantedAt);
        Assert.Equal(waits!.AskedAt, (await turns.FindAsync(new VmName("c"), None))!.AskedAt);
    }

    [Fact]
    public async Task Giving_a_turn_back_names_those_that_may_go_now_and_they_get_it()
    {
        foreach (var vm in new[] { "a", "b", "c", "d" })
        {
            _ = await turns.AskAsync(Wish(vm), None);
        }

        var next = await turns.ReleaseAsync(new VmName("a"), "run-a", None);

        Assert.Equal("run-c", Assert.Single(next).Wish.Holder);
        Assert.IsType<TurnAnswer.Waits>(await turns.AskAsync(Wish("d"), None));
        Assert.IsType<TurnAnswer.Granted>(await turns.AskAsync(Wish("c"), None));
    }

    [Fact]
    public async Task Only_the_holder_gives_a_turn_back_and_twice_is_as_once()
    {
        foreach (var vm in new[] { "a", "b", "c" })
        {
            _ = await turns.AskAsync(Wish(vm), None);
        }

        Assert.Empty(await turns.ReleaseAsync(new VmName("a"), "run-b", None));
        Assert.NotNull(await turns.FindAsync(new VmName("a"), None));

        Assert.Single(await turns.ReleaseAsync(new VmName("a"), "run-a", None));
        Assert.Empty(await turns.ReleaseAsync(new VmName("a"), "run-a", None));
    }

    [Fact]
    public async Task A_wish_can_be_given_up()
    {
        foreach (var vm in new[] { "a", "b", "c", "d" })
        {
            _ = await turns.AskAsync(Wish(vm), None);
        }

        Assert.Empty(await turns.ReleaseAsync(new VmName("c"), "run-c", None));

        Assert.Equal("run-d", Assert.Single(await turns.ReleaseAsync(new VmName("a"), "run-a", None)).Wish.Holder);
    }

    [Fact]
    public async Task The_turn_that_another_run_left_behind_is_replaced()
    {
        _ = await turns.AskAsync(Wish("a"), None);

        Assert.IsType<TurnAnswer.Granted>(await turns.AskAsync(Wish("a") with { Holder = "later" }, None));

        Assert.Null(await turns.ShareAsync(new VmName("a"), "run-a", null, true, None));
        Assert.Equal("later", (await turns.FindAsync(new VmName("a"), None))!.Wish.Holder);
    }

    [Fact]
    public async Task Shares_follow_those_that_come_and_go_and_what_they_turn_out_to_need()
    {
        var (a, b) = (new VmName("a"), new VmName("b"));
        _ = await turns.AskAsync(Wish("a", path: [Rack]), None);
        Assert.Null((await turns.ShareAsync(a, "run-a", 48, true, None))!.MiBs);
        Assert.Equal(48, (await turns.FindAsync(a, None))!.Wish.DirtyMiBs);

        Assert.Equal(new TurnAnswer.Granted(24), await turns.AskAsync(Wish("b", path: [Rack]), None));
        Assert.Null((await turns.ShareAsync(a, "run-a", null, true, None))!.MiBs);

        Assert.Equal(24, (await turns.ShareAsync(b, "run-b", null, true, None))!.MiBs);
        Assert.Equal(76, (await turns.ShareAsync(a, "run-a", null, true, None))!.MiBs);

        Assert.Null((await turns.ShareAsync(a, "run-a", 10, true, None))!.MiBs);

        _ = await turns.ShareAsync(a, "run-a", 48, true, None);
        _ = await turns.ReleaseAsync(a, "run-a", None);
        Assert.Null((await turns.ShareAsync(b, "run-b", null, true, None))!.MiBs);
    }

    [Fact]
    public async Task Without_a_turn_there_is_no_share()
    {
        foreach (var vm in new[] { "a", "b", "c" })
        {
            _ = await turns.AskAsync(Wish(vm), None);
        }

        Assert.Null(await turns.ShareAsync(new VmName("x"), "run-x", null, true, None));
        Assert.Null(await turns.ShareAsync(new VmName("a"), "run-x", null, true, None));
        Assert.Null(await turns.ShareAsync(new VmName("c"), "run-c", null, true, None));
        Assert.Null((await turns.ShareAsync(new VmName("a"), "run-a", null, true, None))!.MiBs);
    }

    [Fact]
    public async Task Copies_begin_one_after_the_other_and_the_next_is_named_when_one_has_begun()
    {
        turns = await OpenEmptyAsync(Limits with { StartsWithin = TimeSpan.FromHours(1) });
        _ = await turns.AskAsync(Wish("a"), None);

        var waits = Assert.IsType<TurnAnswer.Waits>(await turns.AskAsync(Wish("b"), None));
        Assert.Equal("a is about to begin its copy, and copies begin one after the other.", waits.Reason);
        Assert.Empty((await turns.ShareAsync(new VmName("a"), "run-a", null, false, None))!.Next);

        Assert.Equal("run-b", Assert.Single((await turns.ShareAsync(new VmName("a"), "run-a", null, true, None))!.Next).Wish.Holder);
        Assert.Empty((await turns.ShareAsync(new VmName("a"), "run-a", null, true, None))!.Next);
        Assert.IsType<TurnAnswer.Granted>(await turns.AskAsync(Wish("b"), None));
    }

    private static TurnWish Wish(string vm, params PathLink[] path) => new(new VmName(vm), $"run-{vm}", new HostName("h1"), new HostName("h2"), "p", path);
}
