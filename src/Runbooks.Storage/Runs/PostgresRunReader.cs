using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Runbooks.Storage.Model;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Runs;

/// <summary>Pages of runs and journals, narrowed and ordered by the database.</summary>
internal sealed class PostgresRunReader(NpgsqlDataSource database, IDbContextFactory<RunbooksContext> contexts) : IRunReader
{
    /// <summary>Names are ordered letter by letter, the same on every server.</summary>
    private const string ByLetters = "C";

    public async Task<Page<Run>> QueryAsync(RunQuery query, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var runs = Narrow(context.Runs, query);
        var total = await runs.CountAsync(cancellationToken);
        return new Page<Run>(await Order(runs, query).Skip(query.Skip).Take(query.Take).ToListAsync(cancellationToken), total);
    }

    public async Task<Page<JournalEntry>> JournalPageAsync(RunId id, JournalQuery query, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var entries = context.Journal.Where(e => EF.Property<RunId>(e, RunbooksContext.OwningRun) == id);
        entries = query.WithRun ? entries : entries.Where(e => e.NodeId != null);
        entries = query.NodeIds is { } nodes ? entries.Where(e => e.NodeId == null || nodes.Contains(e.NodeId)) : entries;
        entries = query.NotNodeIds is { Count: > 0 } without ? entries.Where(e => e.NodeId == null || !without.Contains(e.NodeId)) : entries;
        entries = query.Events is { } events ? entries.Where(e => events.Contains(e.Event)) : entries;
        var total = await entries.CountAsync(cancellationToken);
        return new Page<JournalEntry>(await entries.OrderBy(e => e.Sequence).Skip(query.Skip).Take(query.Take).ToListAsync(cancellationToken), total);
    }

    public async Task<IReadOnlyList<Bookmark>> BookmarksAsync(RunId id, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.AddBookmarks(id.Value);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ToListAsync(RunRows.ReadBookmark, cancellationToken);
    }

    private static IQueryable<Run> Narrow(IQueryable<Run> runs, RunQuery query)
    {
        runs = query.Ids is { } ids ? runs.Where(r => ids.Contains(r.Id)) : runs;
        runs = query.DefinitionIds is { } definitions ? runs.Where(r => definitions.Contains(r.DefinitionId)) : runs;
        if (query.Version is { } version)
        {
            var fenced = DryRunFence.Fenced(version);
            runs = runs.Where(r => r.DefinitionVersion == version || r.DefinitionVersion == fenced);
        }

        runs = query.CorrelationId is { } correlation ? runs.Where(r => r.CorrelationId == correlation) : runs;
        runs = query.ParentRunId is { } parent ? runs.Where(r => r.ParentRunId == parent) : runs;
        runs = query.Statuses is { } statuses ? runs.Where(r => statuses.Contains(r.Status)) : runs;
        if (query.HasTrouble is { } trouble)
        {
            var troubled = RunQuery.Troubled;
            runs = runs.Where(r => (troubled.Contains(r.Status) || r.Incidents.Count > 0) == trouble);
        }

        if (query.Text is { Length: > 0 } text)
        {
            var pattern = $"%{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
            _ = RunId.TryParse(text, out var id);
            runs = runs.Where(r => EF.Functions.ILike(r.Name!, pattern, "\\") || EF.Functions.ILike(r.DefinitionId, pattern, "\\") || EF.Functions.ILike(r.CorrelationId!, pattern, "\\") || r.Id == id);
        }

        return query.Moments.Aggregate(runs, (narrowed, condition) => narrowed.Where(Condition(condition)));
    }

    private static IQueryable<Run> Order(IQueryable<Run> runs, RunQuery query)
    {
        var ordered = query.Ordering switch
        {
            RunOrdering.Name => By(runs, r => EF.Functions.Collate(r.Name ?? r.DefinitionId, ByLetters), query.Descending),
            RunOrdering.Updated => By(runs, r => r.FinishedAt ?? r.StartedAt ?? r.CreatedAt, query.Descending),
            RunOrdering.Finished => By(runs, r => r.FinishedAt, query.Descending),
            _ => By(runs, r => r.CreatedAt, query.Descending),
        };
        return query.Descending
            ? ordered.ThenByDescending(r => EF.Property<long>(r, RunbooksContext.Ordinal))
            : ordered.ThenBy(r => EF.Property<long>(r, RunbooksContext.Ordinal));
    }

    private static IOrderedQueryable<Run> By<T>(IQueryable<Run> runs, Expression<Func<Run, T>> key, bool descending) =>
        descending ? runs.OrderByDescending(key) : runs.OrderBy(key);

    /// <summary>The comparison of a moment; a moment that has not come is null, and compares with nothing.</summary>
    private static Expression<Func<Run, bool>> Condition(MomentCondition condition)
    {
        Expression<Func<Run, DateTimeOffset?>> moment = condition.Moment switch
        {
            RunMoment.Finished => r => r.FinishedAt,
            RunMoment.Updated => r => r.FinishedAt ?? r.StartedAt ?? r.CreatedAt,
            _ => r => r.CreatedAt,
        };
        var at = Expression.Constant((DateTimeOffset?)condition.At.ToUniversalTime(), typeof(DateTimeOffset?));
        var compared = condition.Comparison switch
        {
            Comparison.Is => Expression.Equal(moment.Body, at),
            Comparison.IsNot => Expression.AndAlso(Expression.NotEqual(moment.Body, Expression.Constant(null, typeof(DateTimeOffset?))), Expression.NotEqual(moment.Body, at)),
            Comparison.Before => Expression.LessThan(moment.Body, at),
            Comparison.After => Expression.GreaterThan(moment.Body, at),
            Comparison.NotAfter => Expression.LessThanOrEqual(moment.Body, at),
            _ => Expression.GreaterThanOrEqual(moment.Body, at),
        };
        return Expression.Lambda<Func<Run, bool>>(compared, moment.Parameters);
    }
}
