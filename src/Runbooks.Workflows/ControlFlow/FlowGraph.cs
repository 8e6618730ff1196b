using System.Collections.Concurrent;
using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>A connection of a flowchart.</summary>
/// <param name="Source">The activity that is left.</param>
/// <param name="Port">By which outcome; <c>Done</c> when the definition names none.</param>
/// <param name="Target">The activity that is entered.</param>
public sealed record FlowConnection(Activity Source, string Port, Activity Target);

/// <summary>
/// The shape of a flowchart seen from one start: which connections lead forward, which lead back, and what the loops are.
/// Computed once per definition and start. Safe for any number of threads.
/// </summary>
internal sealed class FlowGraph
{
    private readonly ILookup<Activity, int> outbound;
    private readonly Dictionary<Activity, int[]> inbound;
    private readonly Dictionary<Activity, int[]> forwardInbound;
    private readonly HashSet<int> backward = [];
    private readonly HashSet<Activity> reachable = [];
    private readonly Dictionary<Activity, HashSet<Activity>> loops = [];
    private readonly Dictionary<int, HashSet<Activity>> loopLeftBy = [];
    private readonly ConcurrentDictionary<Activity, IReadOnlySet<Activity>> ancestors = new();

    public FlowGraph(Activity? start, IReadOnlyList<FlowConnection> connections)
    {
        Connections = connections;
        outbound = Enumerable.Range(0, connections.Count).ToLookup(i => connections[i].Source);
        if (start is not null)
        {
            Walk(start);
        }

        var live = Enumerable.Range(0, connections.Count).Where(i => reachable.Contains(connections[i].Source)).ToArray();
        inbound = live.GroupBy(i => connections[i].Target).ToDictionary(g => g.Key, g => g.ToArray());
        forwardInbound = live.Where(i => !backward.Contains(i)).GroupBy(i => connections[i].Target).ToDictionary(g => g.Key, g => g.ToArray());
        FindLoops();
        InvalidBackward = start is null ? [] : [.. backward.GroupBy(i => connections[i].Target).SelectMany(g => Invalid(start, g.Key, [.. g])).Order()];
    }

    public IReadOnlyList<FlowConnection> Connections { get; }

    /// <summary>
    /// Connections that lead back to an activity which one can get round: what they close is no loop with one entry, so nobody
    /// can say what is waited for in it. A definition with such a connection is refused.
    /// </summary>
    public IReadOnlyList<int> InvalidBackward { get; }

    public IEnumerable<int> Outbound(Activity source) => outbound[source];

    /// <summary>Connections into an activity, from activities that can be reached from the start.</summary>
    public IReadOnlyList<int> Inbound(Activity target) => inbound.GetValueOrDefault(target) ?? [];

    /// <summary>Those of <see cref="Inbound"/> that lead forward.</summary>
    public IReadOnlyList<int> ForwardInbound(Activity target) => forwardInbound.GetValueOrDefault(target) ?? [];

    public bool IsBackward(int connection) => backward.Contains(connection);

    /// <summary>The outermost loop that a forward connection leads out of; null when it leaves none.</summary>
    public IReadOnlySet<Activity>? LoopLeftBy(int connection) => loopLeftBy.GetValueOrDefault(connection);

    /// <summary>The activity and all that forward connections lead to from it.</summary>
    public IReadOnlySet<Activity> Following(Activity activity)
    {
        var found = new HashSet<Activity> { activity };
        Spread(found, node => outbound[node].Where(i => !IsBackward(i)).Select(i => Connections[i].Target));
        return found;
    }

    /// <summary>
    /// What can still lead to the activity in the same round: all behind it, loops on the way included, but not what only a
    /// loop around the activity itself leads back from.
    /// </summary>
    public IReadOnlySet<Activity> Ancestors(Activity activity) => ancestors.GetOrAdd(activity, target =>
    {
        var found = new HashSet<Activity> { target };
        Spread(found, node => Inbound(node).Where(i => !IsBackward(i) || !loops[Connections[i].Target].Contains(target)).Select(i => Connections[i].Source));
        _ = found.Remove(target);
        return found;
    });

    /// <summary>What can be reached from the given activities without going through <paramref name="except"/>; they themselves included.</summary>
    public IReadOnlySet<Activity> Ahead(IEnumerable<Activity> from, Activity except)
    {
        var found = new HashSet<Activity>(from);
        _ = found.Remove(except);
        Spread(found, node => outbound[node].Select(i => Connections[i].Target).Where(t => t != except));
        return found;
    }

    private static void Spread(HashSet<Activity> found, Func<Activity, IEnumerable<Activity>> next)
    {
        var waiting = new Queue<Activity>(found);
        while (waiting.TryDequeue(out var node))
        {
            foreach (var other in next(node).Where(found.Add))
            {
                waiting.Enqueue(other);
            }
        }
    }

    /// <summary>Breadth first: a connection that would close a cycle of forward connections is backward.</summary>
    private void Walk(Activity start)
    {
        var forward = new Dictionary<Activity, HashSet<Activity>>();
        var waiting = new Queue<Activity>([start]);
        _ = reachable.Add(start);
        while (waiting.TryDequeue(out var node))
        {
            var targets = forward[node] = forward.GetValueOrDefault(node) ?? [];
            foreach (var index in outbound[node])
            {
                var target = Connections[index].Target;
                if (reachable.Add(target))
                {
                    waiting.Enqueue(target);
                }
                else if (!targets.Contains(target) && (target == node || Leads(forward, target, node)))
                {
                    _ = backward.Add(index);
                    continue;
                }

                _ = targets.Add(target);
            }
        }
    }

    private static bool Leads(Dictionary<Activity, HashSet<Activity>> forward, Activity from, Activity to)
    {
        var seen = new HashSet<Activity> { from };
        Spread(seen, node => forward.GetValueOrDefault(node) ?? []);
        return seen.Contains(to);
    }

    private void FindLoops()
    {
        foreach (var closing in backward.GroupBy(i => Connections[i].Target))
        {
            // All that gets to where the loop closes without passing its head again.
            var body = new HashSet<Activity>(closing.Select(i => Connections[i].Source)) { closing.Key };
            Spread(body, node => node == closing.Key ? [] : Inbound(node).Select(i => Connections[i].Source));
            loops[closing.Key] = body;
            foreach (var exit in body.SelectMany(n => outbound[n]).Where(i => !IsBackward(i) && !body.Contains(Connections[i].Target)))
            {
                if (!loopLeftBy.TryGetValue(exit, out var known) || known.Count < body.Count)
                {
                    loopLeftBy[exit] = body;
                }
            }
        }
    }

    private IEnumerable<int> Invalid(Activity start, Activity head, int[] closing)
    {
        if (start == head)
        {
            return [];
        }

        var around = new HashSet<Activity> { start };
        Spread(around, node => outbound[node].Where(i => !IsBackward(i)).Select(i => Connections[i].Target).Where(t => t != head));
        return closing.Where(i => Connections[i].Source != head && around.Contains(Connections[i].Source));
    }
}
