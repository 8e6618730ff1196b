using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>
/// Counter mode. Each round, every forward connection is passed once: followed, or dead. An activity is due when all
/// connections into it were passed more often than it was visited.
/// </summary>
/// <remarks>
/// A connection that leads out of a loop is not dead while the loop still goes on: it may be followed in a later round. It
/// counts as passed when it is followed, or when nothing of the loop runs any more.
/// </remarks>
internal sealed class CounterFlow(FlowGraph graph, ActivityExecutionContext context)
{
    private readonly FlowNumbers visits = new(context.State, "visits");
    private readonly FlowNumbers passes = new(context.State, "passes");
    private readonly FlowNumbers followed = new(context.State, "followed");
    private readonly FlowNumbers open = new(context.State, "open");

    // A queue and no recursion: a dead path may be as long as the flowchart is large.
    private readonly Queue<(Activity Source, IReadOnlyCollection<string> Outcomes)> left = new();

    private readonly Queue<Activity> decided = new();

    public void Completed(Activity child, IReadOnlyCollection<string> outcomes)
    {
        left.Enqueue((child, outcomes));
        do
        {
            while (left.TryDequeue(out var next))
            {
                Leave(next.Source, next.Outcomes);
            }
        }
        while (CancelWhatLost() || CloseOneExit());
    }

    /// <summary>
    /// A join behind the step that another path leads to as well keeps what came in by that path; what came in by the step and
    /// what follows it is forgotten.
    /// </summary>
    public void Rewind(Activity child)
    {
        var following = graph.Following(child);
        foreach (var target in following.Where(t => t != child))
        {
            var elsewhere = graph.ForwardInbound(target).Where(i => !following.Contains(graph.Connections[i].Source)).ToArray();
            if (elsewhere.Length > 0)
            {
                visits[target.Id] = Math.Max(0, Math.Min(visits[target.Id], elsewhere.Min(i => passes[i]) - 1));
            }
        }

        foreach (var index in following.SelectMany(graph.Outbound).Where(i => !graph.IsBackward(i)))
        {
            open[index] = 0;
            passes[index] = Math.Min(passes[index], visits[graph.Connections[index].Target.Id]);
        }
    }

    private void Leave(Activity source, IReadOnlyCollection<string> outcomes)
    {
        foreach (var index in graph.Outbound(source))
        {
            var connection = graph.Connections[index];
            var isFollowed = outcomes.Contains(connection.Port, StringComparer.Ordinal);
            if (graph.IsBackward(index))
            {
                if (isFollowed)
                {
                    _ = context.Schedule(connection.Target);
                }
            }
            else if (!isFollowed && graph.LoopLeftBy(index) is not null)
            {
                open[index] = 1;
            }
            else
            {
                Pass(index, isFollowed);
            }
        }
    }

    private void Pass(int index, bool isFollowed)
    {
        open[index] = 0;
        passes[index]++;
        followed[index] = isFollowed ? 1 : 0;
        Enter(index, isFollowed);
    }

    private void Enter(int index, bool isFollowed)
    {
        var target = graph.Connections[index].Target;
        var seen = visits[target.Id];
        if (passes[index] <= seen)
        {
            // The target has run, or was skipped, in this round already.
            return;
        }

        var inbound = graph.ForwardInbound(target);
        var mode = target is FlowJoin join ? context.Evaluate(join.Mode) : FlowJoinMode.WaitAllActive;
        if (mode == FlowJoinMode.WaitAny && isFollowed)
        {
            Run(target);
            decided.Enqueue(target);
        }
        else if (inbound.All(i => passes[i] > seen))
        {
            var runs = mode switch
            {
                FlowJoinMode.WaitAll => inbound.All(i => followed[i] > 0),
                FlowJoinMode.WaitAny => false,
                _ => inbound.Any(i => followed[i] > 0),
            };
            if (runs)
            {
                Run(target);
            }
            else
            {
                // A dead path: its end is dead too.
                visits[target.Id]++;
                left.Enqueue((target, []));
            }
        }
    }

    private void Run(Activity target)
    {
        visits[target.Id]++;
        _ = context.Schedule(target);
    }

    /// <summary>Gives up what leads to a join that waited for any, all that has just been scheduled included. False when there is none.</summary>
    private bool CancelWhatLost()
    {
        if (!decided.TryDequeue(out var join))
        {
            return false;
        }

        foreach (var activity in context.Abandon(graph.Ancestors(join)))
        {
            left.Enqueue((activity, []));
        }

        return true;
    }

    /// <summary>Passes one connection out of a loop that has come to rest. False when there is none.</summary>
    private bool CloseOneExit()
    {
        var waiting = open.Connections;
        if (waiting.Count == 0)
        {
            return false;
        }

        var busy = context.OpenChildActivities.ToHashSet();
        foreach (var index in waiting)
        {
            if (graph.LoopLeftBy(index)?.Overlaps(busy) != true)
            {
                Pass(index, isFollowed: false);
                return true;
            }
        }

        return false;
    }
}
