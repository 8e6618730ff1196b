using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>When an activity of a flowchart in token mode runs, given what has come in.</summary>
public enum MergeMode
{
    /// <summary>With what has come in, as soon as nothing directly before it is on its way.</summary>
    Stream,

    /// <summary>When a token has come in by each forward connection.</summary>
    Merge,

    /// <summary>When a token has come in by each connection, those that lead back included.</summary>
    Converge,

    /// <summary>With the first token; the others of the same round are dropped.</summary>
    Cascade,

    /// <summary>With the first token; what leads to the others is cancelled.</summary>
    Race,
}

/// <summary>
/// Token mode. A completed activity puts a token on each connection that it is left by; the merge mode of the target says
/// when these start it. Tokens are counted per connection, so the state does not grow with the rounds of a loop.
/// </summary>
internal sealed class TokenFlow(FlowGraph graph, ActivityExecutionContext context)
{
    private readonly FlowNumbers tokens = new(context.State, "tokens");
    private readonly FlowNumbers blocked = new(context.State, "blocked");

    public void Completed(Activity child, IReadOnlyCollection<string> outcomes)
    {
        var active = graph.Outbound(child).Where(i => outcomes.Contains(graph.Connections[i].Port, StringComparer.Ordinal)).ToArray();
        foreach (var index in active)
        {
            tokens[index]++;
        }

        foreach (var index in active.Where(i => tokens[i] > 0))
        {
            Arrive(index);
        }

        foreach (var index in tokens.Connections.Where(i => tokens[i] > 0 && ModeOf(Target(i)) == MergeMode.Stream && !IsAwaited(Target(i))))
        {
            Start(Target(index));
        }

        foreach (var index in blocked.Connections.Where(i => !CanStillArrive(i)))
        {
            blocked[index] = 0;
        }

        // Whoever waits for something that will not come any more goes on with what it has.
        if (!context.HasOpenChildren)
        {
            foreach (var index in tokens.Connections.Where(i => tokens[i] > 0 && ModeOf(Target(i)) == MergeMode.Stream))
            {
                Start(Target(index));
            }
        }
    }

    /// <summary>Forgets what the activity, and what follows it, has sent.</summary>
    public void Rewind(Activity child)
    {
        foreach (var index in graph.Following(child).SelectMany(graph.Outbound))
        {
            tokens[index] = 0;
            blocked[index] = 0;
        }
    }

    private void Arrive(int index)
    {
        var target = Target(index);
        var mode = ModeOf(target);
        switch (mode)
        {
            case MergeMode.Cascade or MergeMode.Race when blocked[index] > 0:
                blocked[index] = 0;
                tokens[index] = 0;
                break;
            case MergeMode.Cascade or MergeMode.Race:
                if (mode == MergeMode.Race)
                {
                    CancelWhatLeadsTo(target);
                }

                foreach (var other in graph.ForwardInbound(target).Where(i => i != index && CanStillArrive(i)))
                {
                    blocked[other] = 1;
                }

                Start(target);
                break;
            case MergeMode.Merge:
                // What comes back by a loop has been through the merge before: the other ways in are not waited for again.
                if (graph.IsBackward(index) || graph.ForwardInbound(target).All(i => tokens[i] > 0))
                {
                    Start(target);
                }

                break;
            case MergeMode.Converge:
                if (graph.Inbound(target).All(i => tokens[i] > 0))
                {
                    Start(target);
                }

                break;
            default:
                if (!IsAwaited(target))
                {
                    Start(target);
                }

                break;
        }
    }

    private void Start(Activity target)
    {
        foreach (var index in graph.Inbound(target))
        {
            tokens[index] = 0;
        }

        _ = context.Schedule(target);
    }

    /// <summary>True while an activity directly before the target runs, or is about to.</summary>
    private bool IsAwaited(Activity target)
    {
        var busy = context.OpenChildActivities.ToHashSet();
        return graph.ForwardInbound(target).Select(i => graph.Connections[i].Source).Any(s => busy.Contains(s) || graph.Inbound(s).Any(i => tokens[i] > 0));
    }

    private bool CanStillArrive(int index)
    {
        var target = Target(index);
        var alive = context.OpenChildActivities.Concat(tokens.Connections.Select(Target));
        return graph.Ahead(alive, target).Contains(graph.Connections[index].Source);
    }

    private void CancelWhatLeadsTo(Activity target)
    {
        var ancestors = graph.Ancestors(target);
        _ = context.Abandon(ancestors);
        foreach (var index in tokens.Connections.Where(i => ancestors.Contains(Target(i))))
        {
            tokens[index] = 0;
        }
    }

    private MergeMode ModeOf(Activity target) => target is FlowJoin join
        ? context.Evaluate(join.Mode) == FlowJoinMode.WaitAny ? MergeMode.Race : MergeMode.Merge
        : target.MergeMode;

    private Activity Target(int index) => graph.Connections[index].Target;
}
