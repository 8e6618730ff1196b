using System.Text.Json.Nodes;
using Runbooks.Workflows.Approvals;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Tests.Engine;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Approvals;

/// <summary>A run that waits for a yes or no, as the worker wakes it.</summary>
public sealed class ApprovalTests
{
    private readonly World world = new();

    [Theory]
    [InlineData(true, "yes")]
    [InlineData(false, "no")]
    public async Task The_answer_decides_the_way_and_is_kept(bool approved, string way)
    {
        var (engine, id) = await AskedAsync();

        await AnswerAsync(engine, id, approved);

        Assert.Equal([way], world.Marks);
        var step = (await engine.StepsAsync(id)).Single(s => s.ActivityId == "ask");
        Assert.Equal("bert", step.Outputs["DecidedBy"]!.ToString());
        Assert.Equal(approved ? "Approved" : "Rejected", step.Outputs["Decision"]!.ToString());
        Assert.Equal("because", step.Outputs["Reason"]!.ToString());
    }

    [Fact]
    public async Task A_waiting_approval_is_found_by_its_key_and_shows_what_is_asked()
    {
        var (engine, id) = await AskedAsync();

        var found = Assert.Single(await engine.Store.WaitingAsync(ApprovalRequest.KeyPrefix, 10, CancellationToken.None));

        var request = ApprovalRequest.From(found.Bookmark.Payload)!;
        Assert.Equal(id, found.RunId);
        Assert.Equal("Empty host01?", request.Subject);
        Assert.Equal(["approver"], request.Roles);
        Assert.Equal(TimeSpan.FromDays(1), request.ExpiresAt - request.RequestedAt);
        Assert.Equal((id, found.Bookmark.ExecutionNumber), ApprovalRequest.Parse(request.Id));
    }

    [Fact]
    public async Task A_second_answer_does_not_change_the_first()
    {
        var (engine, id) = await AskedAsync();
        var bookmark = await BookmarkAsync(engine);

        await SendAsync(engine, bookmark, Answer(true));
        await SendAsync(engine, bookmark, Answer(false) with { By = "carl" });
        await engine.WorkAsync();

        Assert.Equal(["yes"], world.Marks);
        Assert.Equal(RunStatus.Finished, (await engine.FindAsync(id)).Status);
    }

    [Fact]
    public async Task An_answer_that_does_not_count_leaves_it_waiting_with_the_same_end_of_its_time()
    {
        var (engine, id) = await AskedAsync();
        var before = await BookmarkAsync(engine);

        await AnswerAsync(engine, id, true, a => a with { Requester = "bert" });

        var after = await BookmarkAsync(engine);
        Assert.NotEqual(before.Bookmark.Id, after.Bookmark.Id);
        Assert.Equal(before.Bookmark.DueAt, after.Bookmark.DueAt);
        Assert.Contains(await engine.JournalAsync(id), e => e.Message?.Contains("nobody approves their own", StringComparison.Ordinal) == true);

        await AnswerAsync(engine, id, true);
        Assert.Equal(["yes"], world.Marks);
    }

    [Fact]
    public async Task Without_an_answer_in_time_it_is_rejected_and_nobody_has_decided()
    {
        var (engine, id) = await AskedAsync();

        engine.Clock.Skip(TimeSpan.FromHours(25));
        await engine.WorkAsync();

        Assert.Equal(["no"], world.Marks);
        var step = (await engine.StepsAsync(id)).Single(s => s.ActivityId == "ask");
        Assert.Null(step.Outputs["DecidedBy"]);
        Assert.Contains("Nobody answered", step.Outputs["Reason"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_comes_late_to_a_run_that_was_paused_is_refused_and_counts_as_no()
    {
        var (engine, id) = await AskedAsync();
        _ = await engine.OrderAndWorkAsync(id, RunVerb.Pause);
        engine.Clock.Skip(TimeSpan.FromHours(25));
        await AnswerAsync(engine, id, true, a => a with { At = engine.Clock.GetUtcNow() });

        _ = await engine.OrderAndWorkAsync(id, RunVerb.Resume);

        Assert.Equal(["no"], world.Marks);
        Assert.Contains(await engine.JournalAsync(id), e => e.Message?.Contains("is refused", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task An_answer_in_time_counts_though_the_worker_comes_to_it_late()
    {
        var (engine, id) = await AskedAsync();
        await SendAsync(engine, await BookmarkAsync(engine), Answer(true) with { At = engine.Clock.GetUtcNow() });

        engine.Clock.Skip(TimeSpan.FromHours(25));
        await engine.WorkAsync();

        Assert.Equal(["yes"], world.Marks);
        Assert.Equal(RunStatus.Finished, (await engine.FindAsync(id)).Status);
    }

    [Fact]
    public async Task A_cancelled_run_does_not_wait_any_more_and_an_answer_changes_nothing()
    {
        var (engine, id) = await AskedAsync();
        var bookmark = await BookmarkAsync(engine);

        var run = await engine.OrderAndWorkAsync(id, RunVerb.Cancel);

        Assert.Equal(RunStatus.Cancelled, run.Status);
        Assert.Empty(await engine.Store.WaitingAsync(ApprovalRequest.KeyPrefix, 10, CancellationToken.None));
        Assert.False(await engine.Store.SendAsync(Stimulus(bookmark, Answer(true)), CancellationToken.None));
        Assert.Empty(world.Marks);
    }

    [Fact]
    public async Task An_approval_without_roles_is_a_mistake_that_is_named()
    {
        var engine = await EngineAsync(Approval("ask", ("roles", Wrapped("String[]", "Object", "[]"))));

        var run = await engine.RunAsync("w");

        Assert.Contains("names no role", run.Reason, StringComparison.Ordinal);
    }

    private async Task<(EngineUnderTest Engine, RunId Id)> AskedAsync()
    {
        var engine = await EngineAsync(Approval("ask", ("planHash", Literal("p1"))));
        var id = await engine.StartAsync("w");
        await engine.WorkAsync();
        Assert.Equal(RunStatus.Suspended, (await engine.FindAsync(id)).Status);
        return (engine, id);
    }

    private Task<EngineUnderTest> EngineAsync(JsonObject ask) =>
        new EngineUnderTest(World.Registry()).With(world).LoadAsync(Of("w", Flowchart("f", "ask:Approved -> yes; ask:Rejected -> no", ask, Mark("yes"), Mark("no"))));

    private static ApprovalAnswer Answer(bool approved) => new(approved, "bert", ["approver"], "anna", "p1", "because", DateTimeOffset.MinValue);

    private static async Task<WaitingBookmark> BookmarkAsync(EngineUnderTest engine) =>
        Assert.Single(await engine.Store.WaitingAsync(ApprovalRequest.KeyPrefix, 10, CancellationToken.None));

    private static Stimulus Stimulus(WaitingBookmark place, ApprovalAnswer answer) =>
        new($"{place.Bookmark.Id}:{answer.By}", place.RunId, StimulusKind.Resume, place.Bookmark.Id, answer.ToJson(), answer.By, answer.Reason);

    private static async Task SendAsync(EngineUnderTest engine, WaitingBookmark place, ApprovalAnswer answer) =>
        Assert.True(await engine.Store.SendAsync(Stimulus(place, answer), CancellationToken.None));

    private static async Task AnswerAsync(EngineUnderTest engine, RunId id, bool approved, Func<ApprovalAnswer, ApprovalAnswer>? change = null)
    {
        await SendAsync(engine, await BookmarkAsync(engine), (change ?? (a => a))(Answer(approved)));
        await engine.WorkAsync();
        _ = await engine.FindAsync(id);
    }
}
