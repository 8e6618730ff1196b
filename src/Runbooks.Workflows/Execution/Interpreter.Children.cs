using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>What a container knows of its children. Two may complete before it is told of the first.</summary>
internal sealed partial class Interpreter
{
    /// <summary>Children that have completed, of which their parent has not been told. Empty whenever a commit is made.</summary>
    private readonly HashSet<ActivityExecution> untold = [];

    /// <summary>True while the container must not complete: see <see cref="OpenChildren"/>.</summary>
    public bool HasOpenChildren(ActivityExecution parent) => OpenChildren(parent).Any();

    /// <summary>Children of a step that run, that have faulted and wait for a person, or that the step has not been told of.</summary>
    public IEnumerable<ActivityExecution> OpenChildren(ActivityExecution parent) =>
        memory.RunningChildren(parent).Concat(memory.Run.Incidents.Select(memory.Execution).Concat(untold).Where(e => e.ParentNumber == parent.Number));

    /// <summary>Gives up a child: cancels it, or, when it has just completed, does not tell its parent.</summary>
    public void Abandon(ActivityExecution child)
    {
        _ = untold.Remove(child);
        if (child.Status == ActivityStatus.Running)
        {
            CancelBranch(child);
        }
    }

    private void Tell(ActivityExecution parent, ActivityExecution child)
    {
        _ = untold.Add(child);
        Enqueue(parent, () => untold.Remove(child) ? ActivityOf(parent).OnChildCompletedAsync(ContextOf(parent), ContextOf(child)) : ValueTask.CompletedTask);
    }
}
