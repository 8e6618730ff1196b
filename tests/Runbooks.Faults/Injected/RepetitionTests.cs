using Runbooks.Fleet.Model;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Injected;

/// <summary>Actions and undos that are executed twice, and undos that fail: the end is the same, or a person is asked by name.</summary>
public sealed class RepetitionTests
{
    private static readonly (string Name, string Runbook, string Trouble, RunStatus End, PowerState Host1)[] Scenarios =
    [
        ("moved", "migrate-vm", "", RunStatus.Finished, PowerState.On),
        ("not moved", "migrate-vm", "perform of stop-and-copy: fail, always\n", RunStatus.Compensated, PowerState.On),
        ("emptied", "consolidate", "", RunStatus.Finished, PowerState.Off),
        ("switched on again", "consolidate", "perform of uncordon: fail, always\n", RunStatus.Compensated, PowerState.On),
        ("made bigger", "scale-vm", "", RunStatus.Finished, PowerState.On),
        ("not made bigger", "scale-vm", "perform of release: fail, always\n", RunStatus.Compensated, PowerState.On),
        ("converted", "convert-vm", "", RunStatus.Finished, PowerState.On),
        ("not converted", "convert-vm", "perform of retire: fail, always\n", RunStatus.Compensated, PowerState.On),
        ("not switched off", "consolidate", "perform of power-off: fail, always\n", RunStatus.Compensated, PowerState.On),
    ];

    public static TheoryData<string> Twice => ["perform: again, always", "undo: again, always", "reconcile: again, always", "perform: again, always\nundo: again, always\nreconcile: again, always"];

    [Theory]
    [MemberData(nameof(Twice))]
    public void Doing_everything_twice_changes_nothing_about_the_end(string plan) => ShippedCase.SideBySide(Scenarios, one =>
    {
        using var shipped = ShippedCase.Play(one.Runbook, one.Trouble + plan);

        Assert.True(shipped.Run.Status == one.End && shipped.Host1 == one.Host1 && shipped.Broken.Count == 0, shipped.Explained);
    });

    /// <summary>The outcome of one step is lost at a time: in the answer, or with an exception after it.</summary>
    [Fact]
    public void A_lost_outcome_of_any_step_changes_nothing_about_the_end()
    {
        string[] steps = ["check", "reserve", "turn", "pre-copy", "stop-and-copy", "commit", "activate", "plan", "cordon", "power-off", "uncordon"];
        string[] ways = ["lose-after", "throw-after", "again"];
        string[] looks = ["check", "plan"];
        ShippedCase.SideBySide(from step in steps.Except(looks, StringComparer.Ordinal) from way in ways from seed in Enumerable.Range(1, 3) select (step, way, seed), one =>
        {
            using var shipped = ShippedCase.Play("consolidate", $"perform of {one.step}: {one.way}", seed: one.seed);

            Assert.True(shipped.Struck.Count == 1 && shipped.Run.Status == RunStatus.Finished && shipped.Host1 == PowerState.Off && shipped.Broken.Count == 0, shipped.Explained);
        });
    }

    /// <summary>Steps that can be undone, with the trouble that makes a run undo them, and those that are undone beside.</summary>
    private static readonly (string Step, string Runbook, string Trouble, string[] Others)[] Undoable =
    [
        ("reserve", "migrate-vm", "perform of stop-and-copy: fail, always\n", ["turn", "prepare-networks", "pre-copy"]),
        ("turn", "migrate-vm", "perform of stop-and-copy: fail, always\n", ["reserve", "prepare-networks", "pre-copy"]),
        ("pre-copy", "migrate-vm", "perform of stop-and-copy: fail, always\n", ["reserve", "turn", "prepare-networks"]),
        ("vcpus", "scale-vm", "perform of release: fail, always\n", ["memory", "reserve"]),
        ("memory", "scale-vm", "perform of release: fail, always\n", ["vcpus", "reserve"]),
        ("stop", "convert-vm", "perform of retire: fail, always\n", ["reserve", "hold", "copy", "define", "run"]),
        ("hold", "convert-vm", "perform of retire: fail, always\n", ["reserve", "copy", "define", "run"]),
        ("copy", "convert-vm", "perform of retire: fail, always\n", ["reserve", "stop", "hold", "define", "run"]),
        ("define", "convert-vm", "perform of retire: fail, always\n", ["reserve", "stop", "hold", "run"]),
        ("run", "convert-vm", "perform of retire: fail, always\n", ["reserve"]),
        ("cordon", "consolidate", "perform of uncordon: fail, always\n", ["power-off"]),
        ("power-off", "consolidate", "perform of uncordon: fail, always\n", ["cordon"]),
    ];

    [Theory]
    [InlineData("fail")]
    [InlineData("throw")]
    [InlineData("throw-after")]
    [InlineData("fail-after")]
    public void An_undo_that_fails_once_is_tried_again(string way) => ShippedCase.SideBySide(Undoable, one =>
    {
        using var shipped = ShippedCase.Play(one.Runbook, $"{one.Trouble}undo of {one.Step}: {way}");

        Assert.True(shipped.Struck.Contains($"undo of {one.Step}"), shipped.Explained);
        Assert.True(shipped.Run.Status == RunStatus.Compensated && shipped.Host1 == PowerState.On && shipped.Broken.Count == 0, shipped.Explained);
    });

    [Theory]
    [InlineData("fail")]
    [InlineData("throw")]
    [InlineData("fail-after")]
    public void An_undo_that_always_fails_asks_a_person_by_name_and_everything_else_is_still_undone(string way) => ShippedCase.SideBySide(Undoable, one =>
    {
        using var shipped = ShippedCase.Play(one.Runbook, $"{one.Trouble}undo of {one.Step}: {way}, always");
        var (run, step) = shipped.Steps.Single(s => s.Step.ActivityId == one.Step && s.Run.Id == shipped.Run.Id);
        var text = Simulation.Installation.Catalog.Latest(run.DefinitionId)!.ByNodeId[step.NodeId].DisplayText;

        Assert.True(run.Status == RunStatus.NeedsAttention && run.Reason!.Contains($"While undoing: {text}: ", StringComparison.Ordinal), shipped.Explained);
        Assert.Equal(UndoState.Failed, step.Undo);
        Assert.All(one.Others, other => Assert.True(shipped.Steps.Single(s => s.Step.ActivityId == other && s.Run.Id == shipped.Run.Id).Step.Undo == UndoState.Undone, $"{other}: {shipped.Explained}"));
        Assert.True(shipped.Broken.Count == 0, shipped.Explained);

        shipped.Mend();
        Assert.True(shipped.Run.Status == RunStatus.Compensated && shipped.Host1 == PowerState.On && shipped.Broken.Count == 0, $"After mending: {shipped.Explained}");
    });
}
