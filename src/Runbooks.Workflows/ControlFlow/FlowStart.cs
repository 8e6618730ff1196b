using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>Where a flowchart starts.</summary>
internal static class FlowStart
{
    /// <summary>
    /// In this order: the activity that triggered the run, the one that the definition names, the first Start activity, the
    /// first that may start the workflow, the first that nothing leads to, the first of all. Null for an empty flowchart.
    /// </summary>
    /// <param name="flowchart">The flowchart.</param>
    /// <param name="triggered">The activity of the flowchart that triggered the run, or that it lies in; null when none did.</param>
    public static Activity? Of(Flowchart flowchart, Activity? triggered)
    {
        var entered = flowchart.Connections.Select(c => c.Target).ToHashSet();
        return First(flowchart, a => a == triggered)
            ?? First(flowchart, a => string.Equals(a.Id, flowchart.StartId, StringComparison.Ordinal))
            ?? First(flowchart, a => a is Start)
            ?? First(flowchart, a => a.CanStartWorkflow)
            ?? First(flowchart, a => !entered.Contains(a))
            ?? First(flowchart, _ => true);
    }

    /// <summary>All activities from which a run of the flowchart can begin.</summary>
    public static IReadOnlyList<Activity> Possible(Flowchart flowchart) =>
        [.. new[] { Of(flowchart, null) }.OfType<Activity>().Concat(flowchart.Activities.Where(CanStart)).Distinct()];

    private static bool CanStart(Activity activity) => activity.CanStartWorkflow || activity.Children.Any(CanStart);

    private static Activity? First(Flowchart flowchart, Func<Activity, bool> fits) => flowchart.Activities.FirstOrDefault(fits);
}
