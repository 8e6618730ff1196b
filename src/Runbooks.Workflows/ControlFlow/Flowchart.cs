using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>
/// Elsa's flowchart in counter mode: activities joined by connections that follow outcomes. An activity with several
/// forward inbound connections waits until each was visited or its path is dead, and runs if one was followed.
/// </summary>
[Activity("Elsa", "Flow", "Runs activities along the connections between them.")]
public sealed class Flowchart : Activity, IContainer, IRewindable
{
    /// <summary>In the state of a step: where it starts, when that is not where it usually does.</summary>
    private const string StartedAt = "startedAt";

    /// <summary>Which connections lead back depends on where it starts.</summary>
    private readonly ConcurrentDictionary<string, FlowGraph> graphs = new(StringComparer.Ordinal);

    public IReadOnlyList<Activity> Activities { get; set; } = [];

    public IReadOnlyList<FlowConnection> Connections { get; internal set; } = [];

    /// <summary>The activity that the definition names as the start; null when it names none.</summary>
    public string? StartId { get; internal set; }

    private FlowGraph Graph => GraphFrom(StartActivity());

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        var start = StartActivity();
        if (context.ChildToStartAt(Activities) is { } triggered && triggered != start)
        {
            start = triggered;
            context.State[StartedAt] = triggered.Id;
        }

        if (start is null)
        {
            context.Complete();
        }
        else
        {
            _ = context.Schedule(start);
        }

        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child)
    {
        if (child.Activity.Descriptor.IsTerminal)
        {
            context.Complete();
            return ValueTask.CompletedTask;
        }

        var counters = new Counters(context.State);
        if (!counters.EnteredBackward(child.Execution.Number))
        {
            counters.Visit(child.Activity);
        }

        Leave(context, counters, child.Activity, child.Execution.Outcomes);
        if (!context.HasOpenChildren)
        {
            context.Complete();
        }

        return ValueTask.CompletedTask;
    }

    IReadOnlySet<string> IRewindable.Following(Activity child) => Graph.Following(child).Select(a => a.Id).ToHashSet(StringComparer.Ordinal);

    /// <summary>
    /// A join behind the step that another path leads to as well keeps what came in by that path: its own visit is taken back,
    /// so that it waits only for what is executed again.
    /// </summary>
    void IRewindable.Rewind(ActivityExecutionContext context, Activity child)
    {
        var counters = new Counters(context.State);
        var graph = GraphOf(context);
        var following = graph.Following(child);
        foreach (var target in following.Where(t => t != child))
        {
            var elsewhere = graph.ForwardInbound(target).Where(i => !following.Contains(Connections[i].Source)).ToArray();
            if (elsewhere.Length > 0)
            {
                counters.ForgetVisits(target, elsewhere.Min(counters.Passes) - 1);
            }
        }
    }

    /// <summary>Marks the connections out of an activity as visited, those of its outcomes as followed, and looks at their targets.</summary>
    private void Leave(ActivityExecutionContext context, Counters counters, Activity source, IReadOnlyCollection<string> outcomes)
    {
        var graph = GraphOf(context);
        foreach (var index in graph.Outbound(source))
        {
            var connection = Connections[index];
            var followed = outcomes.Contains(connection.Port, StringComparer.Ordinal);
            if (!graph.IsBackward(index))
            {
                counters.Pass(index, followed);
                Enter(context, counters, connection.Target);
            }
            else if (followed)
            {
                counters.EnterBackward(context.Schedule(connection.Target));
            }
        }
    }

    /// <summary>The implicit join, Elsa's WaitAllActive.</summary>
    private void Enter(ActivityExecutionContext context, Counters counters, Activity target)
    {
        var inbound = GraphOf(context).ForwardInbound(target);
        var visits = counters.Visits(target);
        if (inbound.Any(i => counters.Passes(i) <= visits))
        {
            return;
        }

        if (inbound.Any(counters.WasFollowed))
        {
            _ = context.Schedule(target);
        }
        else
        {
            // A dead path: its end is dead too.
            counters.Visit(target);
            Leave(context, counters, target, []);
        }
    }

    private FlowGraph GraphFrom(Activity? start) => graphs.GetOrAdd(start?.Id ?? "", static (_, f) => new FlowGraph(f.Start, f.Connections), (Start: start, Connections));

    /// <summary>The shape as this execution sees it.</summary>
    private FlowGraph GraphOf(ActivityExecutionContext context) => context.Execution.State[StartedAt]?.GetValue<string>() is { } id
        ? GraphFrom(Activities.FirstOrDefault(a => string.Equals(a.Id, id, StringComparison.Ordinal)))
        : Graph;

    /// <summary>
    /// The start: named by the definition, else a Start activity, else one that nothing leads to, else the first.
    /// </summary>
    private Activity? StartActivity() =>
        (StartId is null ? null : Activities.FirstOrDefault(a => string.Equals(a.Id, StartId, StringComparison.Ordinal)))
        ?? Activities.FirstOrDefault(a => a is Start)
        ?? Activities.FirstOrDefault(a => Connections.All(c => c.Target != a))
        ?? (Activities.Count > 0 ? Activities[0] : null);

    /// <summary>Visit counts, kept in the execution's state so that they survive a crash.</summary>
    private sealed class Counters(JsonObject state)
    {
        private readonly JsonObject visits = Section(state, "visits");
        private readonly JsonObject passes = Section(state, "passes");
        private readonly JsonObject followed = Section(state, "followed");
        private readonly JsonObject backward = Section(state, "backward");

        public int Visits(Activity activity) => Read(visits, activity.Id);

        public void Visit(Activity activity) => visits[activity.Id] = Visits(activity) + 1;

        public void ForgetVisits(Activity activity, int atMost) => visits[activity.Id] = Math.Max(0, Math.Min(Visits(activity), atMost));

        public int Passes(int connection) => Read(passes, Key(connection));

        public void Pass(int connection, bool isFollowed)
        {
            passes[Key(connection)] = Passes(connection) + 1;
            followed[Key(connection)] = isFollowed;
        }

        public bool WasFollowed(int connection) => followed[Key(connection)]?.GetValue<bool>() ?? false;

        public void EnterBackward(ActivityExecution execution) => backward[Key(execution.Number)] = true;

        public bool EnteredBackward(long number) => backward.Remove(Key(number));

        private static JsonObject Section(JsonObject state, string name)
        {
            if (state[name] is not JsonObject section)
            {
                state[name] = section = [];
            }

            return section;
        }

        private static int Read(JsonObject section, string key) => section[key]?.GetValue<int>() ?? 0;

        private static string Key(long number) => number.ToString(CultureInfo.InvariantCulture);
    }
}
