using Npgsql;
using Runbooks.Storage.Runs;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Library;

namespace Runbooks.Storage.Library;

/// <summary>The library in PostgreSQL.</summary>
internal sealed class PostgresRunbookLibrary(NpgsqlDataSource database, IDefinitionStore definitions) : IRunbookLibrary
{
    private const string NotDeleted = "NOT coalesce(l.is_deleted, false)";

    /// <summary>The latest version, and the one that is started.</summary>
    private const string Current = NotDeleted + " AND d.is_newest AND (r.definition_id IS NULL OR NOT coalesce(l.is_retracted, false))";

    private readonly ShelfTurns turns = new(database);

    public Task<IReadOnlyList<RunbookVersion>> ListAsync(string? definitionId, CancellationToken cancellationToken) =>
        VersionsAsync(NotDeleted, definitionId, null, cancellationToken);

    public Task<IReadOnlyList<RunbookVersion>> ListCurrentAsync(CancellationToken cancellationToken) =>
        VersionsAsync(Current, null, null, cancellationToken);

    public async Task<RunbookVersion?> FindAsync(VersionId id, CancellationToken cancellationToken) => id.IsDraftRevision
        ? await definitions.FindAsync(id.DefinitionId, id.Version, cancellationToken) is { } kept ? KeptDrafts.VersionOf(kept) : null
        : await VersionsAsync("true", id.DefinitionId, id.Version, cancellationToken) is [var found, ..] ? found : null;

    public async Task<RunbookVersion?> LatestAsync(string definitionId, CancellationToken cancellationToken) =>
        (await VersionsAsync(Current, definitionId, null, cancellationToken)).FirstOrDefault(v => v.IsLatest);

    public async Task<IReadOnlyList<RunbookVersion>> SaveDraftsAsync(IReadOnlyList<DraftToSave> drafts, Editor editor, string verb, CancellationToken cancellationToken)
    {
        var changes = await turns.ChangeAsync([.. drafts.Select(d => d.DefinitionId)], (shelf, now, at) => ShelfRules.Save(shelf, drafts[at], editor, verb, now), cancellationToken);
        return [.. changes.Select(c => c!.After.DraftVersion!)];
    }

    public async Task<RunbookVersion?> PublishDraftAsync(string definitionId, long revision, string contentHash, string json, Editor editor, CancellationToken cancellationToken) =>
        NewestAfter(await turns.ChangeAsync(definitionId, (shelf, now) => ShelfRules.PublishDraft(shelf, revision, contentHash, json, editor, now), cancellationToken));

    public async Task<RunbookVersion?> PublishAgainAsync(string definitionId, Editor editor, CancellationToken cancellationToken) =>
        NewestAfter(await turns.ChangeAsync(definitionId, (shelf, now) => ShelfRules.PublishAgain(shelf, editor, now), cancellationToken));

    public async Task<bool> RetractAsync(string definitionId, Editor editor, CancellationToken cancellationToken) =>
        await turns.ChangeAsync(definitionId, (shelf, now) => ShelfRules.Retract(shelf, editor, now), cancellationToken) is not null;

    public async Task<bool> DiscardDraftAsync(string definitionId, Editor editor, CancellationToken cancellationToken) =>
        await turns.ChangeAsync(definitionId, (shelf, now) => ShelfRules.Discard(shelf, editor, now), cancellationToken) is not null;

    public async Task<bool> DeleteAsync(string definitionId, Editor editor, CancellationToken cancellationToken) =>
        await turns.ChangeAsync(definitionId, (shelf, now) => ShelfRules.Delete(shelf, editor, now), cancellationToken) is not null;

    public async Task<RunbookVersion?> RestoreAsync(string definitionId, Editor editor, CancellationToken cancellationToken) =>
        NewestAfter(await turns.ChangeAsync(definitionId, (shelf, now) => ShelfRules.Restore(shelf, editor, now), cancellationToken));

    public async Task<IReadOnlyList<ShippedRunbook>> ShippedAsync(string? definitionId, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add("SELECT definition_id, content_hash, json, source, product FROM runbooks.shipped WHERE $1 IS NULL OR definition_id = $1 ORDER BY definition_id").WithText(definitionId);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ToListAsync(ShelfStatements.Shipped, cancellationToken);
    }

    public async Task<VersionId?> KeepDraftAsync(string definitionId, CancellationToken cancellationToken)
    {
        // Read and kept under its revision, which is never used for anything else: no lock is needed.
        if (await turns.ReadAsync(definitionId, cancellationToken) is not { IsDeleted: false, Draft: { } draft })
        {
            return null;
        }

        await using var batch = database.CreateBatch();
        batch.Add("INSERT INTO runbooks.draft_revisions (definition_id, revision, content_hash, json, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (definition_id, revision) DO UPDATE SET kept_at = now()")
            .WithText(definitionId).With(draft.Revision).WithText(ContentHash.Of(draft.Json)).WithText(draft.Json).WithText(draft.ChangedBy).WithTime(draft.ChangedAt);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return new VersionId(definitionId, checked((int)-draft.Revision));
    }

    public async Task<IReadOnlyList<LibraryEntry>> HistoryAsync(string? definitionId, int limit, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add("SELECT definition_id, version, at, verb, actor, reason, content_hash FROM runbooks.library_history WHERE $1 IS NULL OR definition_id = $1 ORDER BY ordinal DESC LIMIT $2")
            .WithText(definitionId).With(limit);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ToListAsync(
            row => new LibraryEntry(
                row.GetString(0),
                row.GetInt32(1),
                row.GetFieldValue<DateTimeOffset>(2),
                row.GetString(3),
                row.GetString(4),
                row.IsDBNull(5) ? null : row.GetString(5),
                row.IsDBNull(6) ? null : row.GetString(6)),
            cancellationToken);
    }

    /// <summary>Published versions and drafts in one statement, so that both are of the same moment.</summary>
    private async Task<IReadOnlyList<RunbookVersion>> VersionsAsync(string condition, string? definitionId, int? version, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add(
            $"""
            WITH d AS (
                SELECT definition_id, version, json, published_at, is_shipped, coalesce(published_by, source) AS changed_by, reason, revision,
                       version = max(version) OVER (PARTITION BY definition_id) AS is_newest
                FROM runbooks.definitions WHERE $1 IS NULL OR definition_id = $1)
            SELECT d.definition_id AS id, d.version AS number, d.json, d.published_at AS created_at, d.published_at AS changed_at, d.changed_by, d.reason, d.is_shipped,
                   CASE WHEN d.is_newest AND {NotDeleted} AND NOT coalesce(l.is_retracted, false) THEN 'Published' ELSE 'Superseded' END AS state,
                   d.is_newest AND r.definition_id IS NULL AS is_latest,
                   CASE WHEN d.is_newest AND r.definition_id IS NULL THEN coalesce(l.revision, 0) ELSE d.revision END AS revision
            FROM d LEFT JOIN runbooks.library l USING (definition_id) LEFT JOIN runbooks.drafts r USING (definition_id)
            WHERE {condition} AND ($2 IS NULL OR d.version = $2)
            UNION ALL
            SELECT r.definition_id, coalesce(n.version, 0) + 1, r.json, r.created_at, r.changed_at, r.changed_by, r.reason, false, 'Draft', true, r.revision
            FROM runbooks.drafts r LEFT JOIN (SELECT definition_id, max(version) AS version FROM runbooks.definitions GROUP BY definition_id) n USING (definition_id)
            WHERE ($1 IS NULL OR r.definition_id = $1) AND ($2 IS NULL OR coalesce(n.version, 0) + 1 = $2)
            """)
            .WithText(definitionId).With(version, NpgsqlTypes.NpgsqlDbType.Integer);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var found = await reader.ToListAsync(
            row => new RunbookVersion(
                row.GetString(0),
                row.GetInt32(1),
                Enum.Parse<VersionState>(row.GetString(8)),
                row.GetBoolean(9),
                row.GetString(2),
                row.GetInt64(10),
                row.GetBoolean(7),
                row.GetFieldValue<DateTimeOffset>(3),
                row.GetFieldValue<DateTimeOffset>(4),
                row.GetString(5),
                row.IsDBNull(6) ? null : row.GetString(6)),
            cancellationToken);
        return [.. found.OrderBy(v => v.DefinitionId, StringComparer.Ordinal).ThenBy(v => v.Version)];
    }

    private static RunbookVersion? NewestAfter(ShelfChange? change) => change?.After.VersionOf(change.After.Newest!);
}
