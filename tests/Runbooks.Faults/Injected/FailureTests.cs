using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Injected;

/// <summary>Every effect of both shipped runbooks fails in four ways; each time the run must name it, and nothing is left over.</summary>
public sealed class FailureTests
{
    /// <summary>Each way to fail, as the rule that makes the step fail so, and whether an operator cancels.</summary>
    private static readonly (string Way, string Rule, bool Cancel)[] Ways =
    [
        ("business error", "fail, always", false),
        ("exception", "throw, always", false),
        ("timeout", "lose-before, always", false),
        ("cancellation", "hang", true),
    ];

    [Theory]
    [InlineData("migrate-vm", 10)]
    [InlineData("consolidate", 14)]
    [InlineData("scale-vm", 6)]
    [InlineData("convert-vm", 9)]
    public void Every_step_fails_in_every_way(string runbook, int effects)
    {
        using var undisturbed = ShippedCase.Play(runbook);
        Assert.True(undisturbed.Run.Status == RunStatus.Finished && undisturbed.Broken.Count == 0, undisturbed.Explained);
        var names = undisturbed.Steps.Where(IsEffect).Select(s => s.Step.ActivityId).Distinct(StringComparer.Ordinal).ToArray();
        Assert.Equal(effects, names.Length);

        ShippedCase.SideBySide(from name in names from way in Ways select (name, way), one =>
        {
            var (name, (way, rule, cancel)) = one;

            // A change that is found under way is joined; that must fail in the same way, or it would go on.
            var join = way is "exception" or "timeout" ? $"\njoin of {name}: {rule}" : "";
            using var shipped = ShippedCase.Play(runbook, $"perform of {name}: {rule}{join}", cancel: cancel);

            var order = RunWith(undisturbed, name);
            var index = order.FindIndex(s => s.Step.ActivityId == name);
            Assert.True(shipped.Struck.Count > 0 && shipped.Struck.All(s => s == $"perform of {name}" || s == $"join of {name}"), shipped.Explained);
            Assert.True(shipped.Broken.Count == 0, shipped.Explained);

            // The same steps in the same order with the same inputs as in the undisturbed run, up to the one that fails.
            var found = RunWith(shipped, name);
            Assert.True(found.Count > index, $"Only {found.Count} effects. {shipped.Explained}");
            for (var i = 0; i <= index; i++)
            {
                Assert.Equal((order[i].Step.ActivityId, order[i].Step.Inputs.ToJsonString()), (found[i].Step.ActivityId, found[i].Step.Inputs.ToJsonString()));
            }

            var failed = found[index];
            var text = Simulation.Installation.Catalog.Latest(failed.Run.DefinitionId)!.ByNodeId[failed.Step.NodeId].DisplayText;
            var irreversible = Simulation.Installation.Catalog.Latest(failed.Run.DefinitionId)!.ByNodeId[failed.Step.NodeId] is IrreversibleActivity;
            if (cancel)
            {
                Assert.True(shipped.Run.Status == RunStatus.Cancelled, shipped.Explained);
                return;
            }

            if (name is "stop-and-copy" or "commit" or "prepare-networks" or "tidy-networks" && way != "business error")
            {
                // The hypervisor switches over by itself where that is foretold to end well, and without a stale twin, and for
                // VMs that are plugged into nothing, there is nothing left to do: what is found in the world is that it is done.
                Assert.True(shipped.Run.Status == RunStatus.Finished, shipped.Explained);
                return;
            }

            Assert.True(failed.Run.Reason?.StartsWith($"{text}: ", StringComparison.Ordinal) == true, $"{failed.Run.Status} '{failed.Run.Reason}' should begin with '{text}'. {shipped.Explained}");

            // A guest that may have been asked to shut down may still do it, so nobody can say that it was not.
            var asks = (irreversible || name == "stop") && way != "business error";
            Assert.True(failed.Run.Status == (asks ? RunStatus.NeedsAttention : RunStatus.Compensated), shipped.Explained);
            if (!asks)
            {
                Assert.True(shipped.Run.Status == RunStatus.Compensated && shipped.Run.Reason!.Contains(text, StringComparison.Ordinal), shipped.Explained);
                return;
            }

            shipped.Mend();
            Assert.True(shipped.Run.Status == RunStatus.Finished && shipped.Broken.Count == 0, $"After mending: {shipped.Explained}");
        });
    }

    /// <summary>The effects of the first run that has such a step, in their order.</summary>
    private static List<(Run Run, ActivityExecution Step)> RunWith(ShippedCase shipped, string name)
    {
        var first = shipped.Steps.First(s => s.Step.ActivityId == name).Run.Id;
        return [.. shipped.Steps.Where(s => s.Run.Id == first && IsEffect(s)).OrderBy(s => s.Step.Number)];
    }

    private static bool IsEffect((Run Run, ActivityExecution Step) one) =>
        Simulation.Installation.Catalog.Latest(one.Run.DefinitionId)!.ByNodeId[one.Step.NodeId] is EffectActivity;
}
