namespace Runbooks.Workflows.Definitions;

/// <summary>
/// Drafts that were kept for dry runs, as far as this process has read them. There is a new one for every edit that is
/// tried out, so only those that were asked for last are remembered; the others are read again when they are needed.
/// </summary>
/// <param name="most">How many are remembered, at least 1.</param>
public sealed class RecentDrafts(int most)
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string Id, int Version), LinkedListNode<WorkflowDefinition>> known = [];

    /// <summary>The one that was asked for last in front.</summary>
    private readonly LinkedList<WorkflowDefinition> order = new();

    public int Count
    {
        get
        {
            lock (gate)
            {
                return order.Count;
            }
        }
    }

    /// <summary>Null when it is not remembered.</summary>
    /// <param name="definitionId">The runbook.</param>
    /// <param name="version">Below zero: the draft's revision.</param>
    public WorkflowDefinition? Find(string definitionId, int version)
    {
        lock (gate)
        {
            if (!known.TryGetValue((definitionId, version), out var node))
            {
                return null;
            }

            order.Remove(node);
            order.AddFirst(node);
            return node.Value;
        }
    }

    /// <summary>Remembers it, in place of the one that was asked for longest ago where there is no more room, and returns it.</summary>
    public WorkflowDefinition Add(WorkflowDefinition draft)
    {
        ArgumentNullException.ThrowIfNull(draft);
        lock (gate)
        {
            if (known.Remove((draft.DefinitionId, draft.Version), out var before))
            {
                order.Remove(before);
            }

            known[(draft.DefinitionId, draft.Version)] = order.AddFirst(draft);
            if (order.Count > most)
            {
                var last = order.Last!.Value;
                order.RemoveLast();
                _ = known.Remove((last.DefinitionId, last.Version));
            }

            return draft;
        }
    }
}
