using Runbooks.Server.Views;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Children;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Runs;

/// <summary>What a run looks like to an operator: the definition's visible activities, and how far each is. Pure.</summary>
public static class StageList
{
    public static IReadOnlyList<StageView> Of(WorkflowDefinition? definition, Run run, IReadOnlyList<ActivityExecution> steps)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (definition is null)
        {
            return [];
        }

        var byNode = steps.ToLookup(s => s.NodeId, StringComparer.Ordinal);
        return [.. definition.ByNodeId.Values.Where(a => a is EffectActivity or ChildWorkflowActivity).Select(a => Of(a, run, [.. byNode[a.NodeId]]))];
    }

    public static IReadOnlyList<StepView> Steps(WorkflowDefinition? definition, IReadOnlyList<ActivityExecution> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        return [.. steps.OrderBy(s => s.Number).Select(s => Of(s, definition?.ByNodeId.GetValueOrDefault(s.NodeId)))];
    }

    private static StageView Of(Activity activity, Run run, IReadOnlyList<ActivityExecution> steps)
    {
        var state = steps switch
        {
            [] => run.Status.IsEnd() || run.Status == RunStatus.Compensating ? StageState.Skipped : StageState.Waiting,
            _ when steps.Any(s => s.Status == ActivityStatus.Faulted || s.Effect is EffectState.Failed or EffectState.Unknown || s.Undo == UndoState.Failed) => StageState.Failed,
            _ when steps.Any(s => s.Status == ActivityStatus.Running) => StageState.Current,
            _ when steps.Any(s => s.Undo == UndoState.Undone) => StageState.Undone,
            _ when steps.All(s => s.Status == ActivityStatus.Canceled) => StageState.Skipped,
            _ => StageState.Done,
        };
        return new StageView(activity.Id, NameOf(activity), state, steps.Count);
    }

    private static StepView Of(ActivityExecution step, Activity? activity) => new(
        step.Number,
        step.ParentNumber,
        step.ActivityId,
        activity is null ? step.ActivityName : NameOf(activity),
        step.ActivityType,
        activity is EffectActivity { Kind: not EffectKind.Reads },
        step.Status,
        step.Effect,
        step.Undo,
        step.UndoNote ?? (step.Undo == UndoState.Irreversible ? activity?.Descriptor.NoUndoReason : null),
        step.Attempt,
        step.Progress,
        step.Inputs,
        step.Outputs,
        step.Outcomes,
        step.Error,
        step.StartedAt,
        step.CompletedAt,
        step.Worker)
    {
        LeftOut = step.WasLeftOut,
    };

    private static string NameOf(Activity activity) => activity.DisplayText is { Length: > 0 } text ? text : activity.Name;
}
