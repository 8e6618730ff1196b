using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Workflows.Tests.Engine;

public sealed class CompensationTests
{
    private readonly World world = new();

    [Fact]
    public async Task A_failure_undoes_what_was_done_last_first()
    {
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), Mark("b"), Mark("c"), Fault("stop", "No more."))));

        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("No more.", run.Reason, StringComparison.Ordinal);
        Assert.Equal(["do a", "do b", "do c", "undo c", "undo b", "undo a"], world.History);
    }

    [Fact]
    public async Task A_step_that_failed_is_not_undone_itself()
    {
        world.OnDo = (name, _) => name == "b" ? new EffectResult.Failed("It is full.") : null;
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), Mark("b"), Mark("c"))));

        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Equal("b: It is full.", run.Reason);
        Assert.Equal(["do a", "undo a"], world.History);
        Assert.Equal(EffectState.Failed, (await engine.StepsAsync(run.Id)).Single(s => s.ActivityId == "b").Effect);
    }

    [Fact]
    public async Task What_has_no_undo_is_left_and_its_reason_is_in_the_history()
    {
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), Seal("b"), Fault("stop"))));

        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Equal(["b"], world.Marks);
        var note = Assert.Single(await engine.JournalAsync(run.Id), e => e.Event == JournalEvents.NotUndone);
        Assert.Equal("A seal can't be unbroken.", note.Message);
    }

    [Fact]
    public async Task An_undo_that_fails_needs_a_person_while_everything_else_is_still_undone()
    {
        _ = world.Stuck.Add("b");
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), Mark("b"), Mark("c"), Fault("stop"))));

        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.NeedsAttention, run.Status);
        Assert.Contains("'b' is stuck", run.Reason, StringComparison.Ordinal);
        Assert.Equal(["b"], world.Marks);
    }

    [Fact]
    public async Task A_retry_finishes_the_undo_when_the_cause_is_gone()
    {
        _ = world.Stuck.Add("a");
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), Fault("stop", "Why."))));
        var run = await engine.RunAsync("w");
        world.Stuck.Clear();

        _ = await engine.Store.SendAsync(new Stimulus("retry-1", run.Id, StimulusKind.Retry, null, null, "operator", "Freed it."), CancellationToken.None);
        await engine.WorkAsync();

        var after = await engine.FindAsync(run.Id);
        Assert.Equal(RunStatus.Compensated, after.Status);
        Assert.Equal("stop: Why.", after.Reason);
        Assert.Empty(world.Marks);
    }

    [Fact]
    public async Task Cancelling_a_waiting_run_undoes_it_and_names_who_asked()
    {
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), Activity("wait", "Elsa.Delay", ("timeSpan", Literal("10.00:00:00", "TimeSpan"))), Mark("b"))));
        var id = await engine.StartAsync("w");
        var claim = await engine.Store.ClaimNextAsync("worker-1", TimeSpan.FromSeconds(30), CancellationToken.None);
        await engine.Executor("worker-1").ExecuteAsync(claim!, CancellationToken.None);
        Assert.Equal(RunStatus.Suspended, (await engine.FindAsync(id)).Status);

        _ = await engine.Store.SendAsync(new Stimulus("cancel-1", id, StimulusKind.Cancel, null, null, "ada", "Wrong pool."), CancellationToken.None);
        await engine.WorkAsync();

        var run = await engine.FindAsync(id);
        Assert.Equal(RunStatus.Cancelled, run.Status);
        Assert.Equal("Cancelled by ada. Wrong pool.", run.Reason);
        Assert.Equal(["do a", "undo a"], world.History);
    }

    [Fact]
    public async Task An_error_in_a_script_is_a_fault_and_still_undoes()
    {
        var engine = await EngineAsync(Of("w", Sequence("s", Mark("a"), Activity("bad", "Test.Mark", ("markName", Script("nothing.at.all", "String"))))));

        var run = await engine.RunAsync("w");

        Assert.Equal(RunStatus.Faulted, run.Status);
        Assert.Contains("nothing", run.Reason, StringComparison.Ordinal);
        Assert.Empty(world.Marks);
    }

    [Fact]
    public async Task Nothing_is_undone_while_an_effect_is_still_in_flight()
    {
        using var undone = new ManualResetEventSlim();
        var early = false;
        world.OnUndo = _ => undone.Set();
        world.OnDo = (name, _) =>
        {
            if (name == "slow")
            {
                // Its branch is given up meanwhile. An undo that did not wait for it would be seen here.
                early = undone.Wait(TimeSpan.FromMilliseconds(500));
            }

            return null;
        };
        var engine = await EngineAsync(Of("w", Flowchart("f", "start -> a; a -> slow; a -> b; b -> stop", Activity("start", "Elsa.Start"), Mark("a"), Mark("slow"), Mark("b"), Fault("stop"))));

        var run = await engine.RunAsync("w");

        Assert.False(early);
        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Empty(world.Marks);
    }

    private Task<EngineUnderTest> EngineAsync(params string[] definitions) => new EngineUnderTest(World.Registry()).With(world).LoadAsync(definitions);
}
