using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Orders;

/// <summary>Which runs a bulk order is for.</summary>
/// <param name="Runbook">Only runs of this runbook; null: of any.</param>
/// <param name="Status">Only runs in this status; null: in any.</param>
/// <param name="Host">Only runs with an input that names this host; null: whatever they are about.</param>
public sealed record BulkFilter(string? Runbook, RunStatus? Status, string? Host)
{
    public bool Admits(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Host is null || run.Input.Any(p => p.Value is JsonValue value && string.Equals(value.ToString(), Host, StringComparison.OrdinalIgnoreCase));
    }
}

/// <summary>One order to many runs; each answers for itself.</summary>
public sealed class BulkOrders(OrderDesk desk, IRunStore store)
{
    /// <summary>Runs that one request may reach; more is a second request.</summary>
    public const int Most = 500;

    /// <summary>
    /// Runs that the filter lets through, newest first, and whether there are more. Parts of other runs are left out: what
    /// is asked of a run reaches its parts.
    /// </summary>
    public async Task<(IReadOnlyList<RunId> Ids, bool More)> FindAsync(BulkFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var found = new List<RunId>();
        for (DateTimeOffset? before = null; ;)
        {
            var page = await store.ListAsync(new RunFilter { DefinitionId = filter.Runbook, Status = filter.Status, CreatedBefore = before, Limit = RunFilter.HighestLimit }, cancellationToken);
            found.AddRange(page.Where(r => r.ParentRunId is null && filter.Admits(r)).Select(r => r.Id).Except(found));
            if (found.Count > Most)
            {
                return ([.. found.Take(Most)], true);
            }

            if (page.Count < RunFilter.HighestLimit)
            {
                return (found, false);
            }

            before = page[^1].CreatedAt;
        }
    }

    public async Task<IReadOnlyList<(RunId Id, OrderAnswer Answer)>> GiveAsync(IReadOnlyList<RunId> ids, RunOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var answers = new List<(RunId, OrderAnswer)>();
        foreach (var id in ids.Distinct())
        {
            answers.Add((id, await desk.GiveAsync(id, order, wait: false, cancellationToken)));
        }

        return answers;
    }
}
