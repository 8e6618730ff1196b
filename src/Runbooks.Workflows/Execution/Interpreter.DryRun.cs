using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// What a dry run does in place of changing the world and of waiting. It goes the way of the run that would change things,
/// as far as that can be known without changing them.
/// </summary>
internal sealed partial class Interpreter
{
    /// <summary>Waits of one activity that are passed at once. A loop that waits until something changes would never end in a dry run.</summary>
    private const int MostWaitsPassed = 100;

    private const string WaitsPassed = "waitsPassed:";

    /// <summary>Completes the changes that were asked for without executing them. True when there is new work to drain.</summary>
    public bool LeaveOutChanges()
    {
        if (!memory.IsDryRun || Held)
        {
            return false;
        }

        var changes = effectsToStart.Where(e => ActivityOf(e) is MutatingActivity).ToArray();
        foreach (var execution in changes)
        {
            _ = effectsToStart.Remove(execution);
            LeaveOut(execution);
        }

        return changes.Length > 0;
    }

    private void LeaveOut(ActivityExecution execution)
    {
        execution.State[ActivityExecution.LeftOut] = true;
        memory.Touch(execution);
        EffectResult.Done predicted;
        try
        {
            predicted = ((MutatingActivity)ActivityOf(execution)).Predict(new PredictionContext(execution));
        }
        catch (Exception e)
        {
            // Whatever the author's code threw: nothing was done, and the run can't know how it would go on.
            Fault(execution, $"A dry run can't tell how this step would end: {e.Message}", RunStatus.Compensated);
            return;
        }

        var payload = new JsonObject
        {
            ["inputs"] = execution.Inputs.DeepClone(),
            ["outcome"] = predicted.Outcome,
            ["outputs"] = predicted.Outputs?.DeepClone(),
        };
        memory.Write(JournalEvents.NotDone, execution, $"It would have been done with these inputs; the run goes on as if it had ended with '{predicted.Outcome}'.", payload);
        ApplyDone(execution, predicted);
    }

    /// <summary>A wait for a time, an event or a person: there is nothing that could end it, and nothing to take from others.</summary>
    private void PassAtOnce(ActivityExecution execution, Bookmark bookmark)
    {
        // Kept at the root, which every burst loads.
        var root = memory.Root!;
        var passed = (root.State[WaitsPassed + execution.NodeId]?.GetValue<int>() ?? 0) + 1;
        root.State[WaitsPassed + execution.NodeId] = passed;
        memory.Touch(root);
        if (passed > MostWaitsPassed)
        {
            throw new FaultException($"A dry run passes waits at once, and it has come to this one {MostWaitsPassed} times: it waits again and again for something to change, and in a dry run nothing does.");
        }

        var what = bookmark.DueAt is { } due && bookmark.Key is null ? $"until {due:O}" : $"for {bookmark.Key ?? bookmark.Name}";
        memory.Write(JournalEvents.NotWaited, execution, $"Would wait {what}.", bookmark.Payload);
        Enqueue(execution, () => ActivityOf(execution).OnResumedAsync(ContextOf(execution), bookmark, null));
    }
}
