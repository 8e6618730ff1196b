using System.Collections.Concurrent;
using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>How a flowchart decides when an activity runs.</summary>
public enum FlowMode
{
    /// <summary>By counting visits of connections: an activity waits until each of its paths was taken or is dead. Elsa's default.</summary>
    CounterBased,

    /// <summary>By tokens on connections, as each activity's merge mode says.</summary>
    TokenBased,
}

/// <summary>
/// Activities joined by connections that follow outcomes. It has ended when nothing in it runs; a faulted activity that waits
/// for a person keeps it open.
/// </summary>
[Activity("Elsa", "Flow", "Runs activities along the connections between them.")]
public sealed class Flowchart : Activity, IContainer, IRewindable
{
    private const string StartedAt = "start";

    private readonly ConcurrentDictionary<string, FlowGraph> graphs = new(StringComparer.Ordinal);

    public IReadOnlyList<Activity> Activities { get; set; } = [];

    public IReadOnlyList<FlowConnection> Connections { get; internal set; } = [];

    /// <summary>The activity that the definition names as the start; null when it names none.</summary>
    public string? StartId { get; internal set; }

    public FlowMode Mode { get; internal set; }

    /// <summary>The graph as it is seen from one of the activities from which the flowchart can begin.</summary>
    internal FlowGraph GraphFrom(Activity? start) => graphs.GetOrAdd(start?.Id ?? "", _ => new FlowGraph(start, Connections));

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        var start = FlowStart.Of(this, context.ChildToStartAt(Activities));
        if (start is null)
        {
            context.Complete();
        }
        else
        {
            context.State[StartedAt] = start.Id;
            _ = context.Schedule(start);
        }

        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child)
    {
        if (child.Activity.Descriptor.IsTerminal || Breaking.IsRequested(context))
        {
            context.Complete();
            return ValueTask.CompletedTask;
        }

        var graph = Graph(context);
        if (Mode == FlowMode.TokenBased)
        {
            new TokenFlow(graph, context).Completed(child.Activity, child.Execution.Outcomes);
        }
        else
        {
            new CounterFlow(graph, context).Completed(child.Activity, child.Execution.Outcomes);
        }

        if (!context.HasOpenChildren)
        {
            context.Complete();
        }

        return ValueTask.CompletedTask;
    }

    IReadOnlySet<string> IRewindable.Following(Activity child) =>
        FlowStart.Possible(this).SelectMany(s => GraphFrom(s).Following(child)).Select(a => a.Id).ToHashSet(StringComparer.Ordinal);

    void IRewindable.Rewind(ActivityExecutionContext context, Activity child)
    {
        var graph = Graph(context);
        if (Mode == FlowMode.TokenBased)
        {
            new TokenFlow(graph, context).Rewind(child);
        }
        else
        {
            new CounterFlow(graph, context).Rewind(child);
        }
    }

    private FlowGraph Graph(ActivityExecutionContext context) =>
        GraphFrom(context.Execution.State[StartedAt]?.GetValue<string>() is { } id
            ? Activities.FirstOrDefault(a => string.Equals(a.Id, id, StringComparison.Ordinal))
            : FlowStart.Of(this, triggered: null));
}
