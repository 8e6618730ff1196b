using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>All that is known of a run when it is shown as an instance.</summary>
/// <param name="Facts">The run, its steps and its definition.</param>
/// <param name="Bookmarks">Where it waits.</param>
internal sealed record InstanceFacts(RunFacts Facts, IReadOnlyList<Bookmark> Bookmarks)
{
    private readonly Lazy<ILookup<long, ActivityExecution>> children = new(() => Facts.Steps.Where(s => s.ParentNumber is not null).ToLookup(s => s.ParentNumber!.Value));
    private readonly Lazy<IReadOnlySet<long>> waiting = new(() => Bookmarks.Select(b => b.ExecutionNumber).ToHashSet());

    public Run Run => Facts.Run;

    public IReadOnlyList<ActivityExecution> Steps => Facts.Steps;

    public Activity? ActivityOf(ActivityExecution step) => Facts.ActivityOf(step);

    /// <summary>It waits: at a bookmark, or for a person to say what became of it. Nothing unknown is shown as failed.</summary>
    public bool Waits(ActivityExecution step) =>
        waiting.Value.Contains(step.Number) || Facts.IncidentOf(step) is IncidentKind.Unknown or IncidentKind.UndoFailed;

    /// <summary>How many steps in it have faulted, itself included.</summary>
    public int Faults(ActivityExecution step) =>
        (step.Status == ActivityStatus.Faulted ? 1 : 0) + children.Value[step.Number].Sum(Faults);

    /// <summary>How many steps are around it.</summary>
    public int DepthOf(ActivityExecution step)
    {
        var depth = 0;
        for (var at = step.ParentNumber; at is { } number; at = Facts.Step(number)?.ParentNumber)
        {
            depth++;
        }

        return depth;
    }
}
