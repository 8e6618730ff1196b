using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Operations;

/// <summary>What is known of a run when an order for it is judged.</summary>
/// <param name="Run">The head.</param>
/// <param name="Steps">Its steps.</param>
/// <param name="Definition">What it executes; null when this version of the product can't load it.</param>
public sealed record RunFacts(Run Run, IReadOnlyList<ActivityExecution> Steps, WorkflowDefinition? Definition)
{
    private Dictionary<long, ActivityExecution>? byNumber;

    /// <summary>The run goes back: it failed, was cancelled, or is undone after it had finished.</summary>
    public bool GoesBack => Run.CompensatesTo is not null && !Run.Status.IsEnd();

    public bool IsOpen => !Run.Status.IsEnd();

    public ActivityExecution? Step(long number) => (byNumber ??= Steps.ToDictionary(s => s.Number)).GetValueOrDefault(number);

    public Activity? ActivityOf(ActivityExecution step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return Definition?.ByNodeId.GetValueOrDefault(step.NodeId);
    }

    /// <summary>What people call the step.</summary>
    public string NameOf(ActivityExecution step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return ActivityOf(step) is { } activity ? activity.DisplayText is { Length: > 0 } text ? text : activity.Name : step.ActivityName;
    }

    /// <summary>Why the step needs a person; null when it does not.</summary>
    public IncidentKind? IncidentOf(ActivityExecution step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return !IsOpen ? null
            : Run.Incidents.Contains(step.Number) ? IncidentKind.Failed
            : step is { Status: ActivityStatus.Running, Effect: EffectState.Unknown } ? IncidentKind.Unknown
            : step.Undo == UndoState.Failed ? IncidentKind.UndoFailed
            : null;
    }

    /// <summary>Steps that a person must look at, in the order of their numbers.</summary>
    public IReadOnlyList<Incident> Incidents() =>
    [
        .. from step in Steps
           where IncidentOf(step) is not null
           orderby step.Number
           let kind = IncidentOf(step)!.Value
           select new Incident(step, kind, (kind == IncidentKind.UndoFailed ? step.UndoNote : step.Error) ?? "", OrderRules.AllowedOn(kind)),
    ];
}

/// <summary>Why a step needs a person.</summary>
public enum IncidentKind
{
    /// <summary>It failed, and the run waits with it instead of going back.</summary>
    Failed,

    /// <summary>Nobody can tell whether it happened.</summary>
    Unknown,

    /// <summary>It happened, and could not be undone.</summary>
    UndoFailed,
}

/// <summary>A step that a person must look at.</summary>
/// <param name="Step">The step.</param>
/// <param name="Kind">Why.</param>
/// <param name="Message">What it said.</param>
/// <param name="Allowed">What may be asked about it.</param>
public sealed record Incident(ActivityExecution Step, IncidentKind Kind, string Message, IReadOnlyList<RunVerb> Allowed);
