using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>A connection of a flowchart.</summary>
/// <param name="Source">The activity that is left.</param>
/// <param name="Port">By which outcome; <c>Done</c> when the definition names none.</param>
/// <param name="Target">The activity that is entered.</param>
public sealed record FlowConnection(Activity Source, string Port, Activity Target);

/// <summary>
/// The shape of a flowchart: which connections lead forward and which lead back into a loop. Computed once per definition.
/// </summary>
internal sealed class FlowGraph
{
    private readonly ILookup<Activity, int> outbound;
    private readonly Dictionary<Activity, int[]> forwardInbound;
    private readonly HashSet<int> backward;

    public FlowGraph(Activity? start, IReadOnlyList<FlowConnection> connections)
    {
        Connections = connections;
        outbound = Enumerable.Range(0, connections.Count).ToLookup(i => connections[i].Source);
        (backward, var reachable) = Walk(start);
        forwardInbound = Enumerable.Range(0, connections.Count)
            .Where(i => !backward.Contains(i) && reachable.Contains(connections[i].Source))
            .GroupBy(i => connections[i].Target)
            .ToDictionary(g => g.Key, g => g.ToArray());
    }

    public IReadOnlyList<FlowConnection> Connections { get; }

    public IEnumerable<int> Outbound(Activity source) => outbound[source];

    /// <summary>Forward connections into an activity, from activities that can be reached from the start.</summary>
    public IReadOnlyList<int> ForwardInbound(Activity target) => forwardInbound.GetValueOrDefault(target) ?? [];

    /// <summary>The activity and all that forward connections lead to from it.</summary>
    public IReadOnlySet<Activity> Following(Activity activity)
    {
        var found = new HashSet<Activity> { activity };
        var waiting = new Queue<Activity>([activity]);
        while (waiting.TryDequeue(out var next))
        {
            foreach (var index in outbound[next].Where(i => !IsBackward(i) && found.Add(Connections[i].Target)))
            {
                waiting.Enqueue(Connections[index].Target);
            }
        }

        return found;
    }

    public bool IsBackward(int connection) => backward.Contains(connection);

    /// <summary>
    /// Depth first: a connection to an activity that is still on the path closes a cycle, and is backward.
    /// </summary>
    private (HashSet<int> Backward, HashSet<Activity> Reachable) Walk(Activity? start)
    {
        var found = new HashSet<int>();
        var done = new HashSet<Activity>();
        var onPath = new HashSet<Activity>();
        var stack = new Stack<(Activity Node, IEnumerator<int> Edges)>();
        if (start is not null)
        {
            onPath.Add(start);
            stack.Push((start, outbound[start].GetEnumerator()));
        }

        while (stack.Count > 0)
        {
            var (node, edges) = stack.Peek();
            if (!edges.MoveNext())
            {
                _ = stack.Pop();
                _ = onPath.Remove(node);
                _ = done.Add(node);
                continue;
            }

            var target = Connections[edges.Current].Target;
            if (onPath.Contains(target))
            {
                _ = found.Add(edges.Current);
            }
            else if (!done.Contains(target))
            {
                _ = onPath.Add(target);
                stack.Push((target, outbound[target].GetEnumerator()));
            }
        }

        return (found, done);
    }
}
