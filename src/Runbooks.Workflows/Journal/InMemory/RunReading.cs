using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Journal.InMemory;

/// <summary>The pages that <see cref="IRunReader"/> gives, of runs and entries that are all in memory.</summary>
internal static class RunReading
{
    public static Page<Run> Of(IEnumerable<StoredRun> runs, RunQuery query)
    {
        var found = runs.Where(r => query.Admits(r.Head)).ToArray();
        var ordered = query.Ordering switch
        {
            RunOrdering.Name => Order(found, r => r.Head.Name ?? r.Head.DefinitionId, StringComparer.Ordinal, query.Descending),
            RunOrdering.Updated => Order(found, r => RunQuery.MomentOf(r.Head, RunMoment.Updated), null, query.Descending),
            RunOrdering.Finished => Order(found, r => r.Head.FinishedAt ?? DateTimeOffset.MaxValue, null, query.Descending),
            _ => Order(found, r => r.Head.CreatedAt, null, query.Descending),
        };
        return new Page<Run>([.. ordered.Skip(query.Skip).Take(query.Take).Select(r => r.Head.Copy())], found.Length);
    }

    public static Page<JournalEntry> Of(IEnumerable<JournalEntry> journal, JournalQuery query)
    {
        var found = journal.Where(query.Admits).ToArray();
        return new Page<JournalEntry>([.. found.OrderBy(e => e.Sequence).Skip(query.Skip).Take(query.Take).Select(DeepCopy.Copy)], found.Length);
    }

    private static IOrderedEnumerable<StoredRun> Order<TKey>(IEnumerable<StoredRun> runs, Func<StoredRun, TKey> by, IComparer<TKey>? comparer, bool descending) => descending
        ? runs.OrderByDescending(by, comparer).ThenByDescending(r => r.Order)
        : runs.OrderBy(by, comparer).ThenBy(r => r.Order);
}
