using System.Runtime.CompilerServices;
using Npgsql;
using Runbooks.Workflows.Journal;

namespace Runbooks.Storage.Runs;

/// <summary>
/// Runs that came with their claim. A run that nobody has begun is its head and nothing else, so that the answer to the
/// claim holds all there is to load.
/// </summary>
internal sealed class FreshRuns
{
    private readonly ConditionalWeakTable<RunClaim, RunSnapshot> fresh = [];

    /// <summary>
    /// Executes a batch that ends with <see cref="ClaimStatements.AddClaimOfWhole"/>. All answers are read, because an error
    /// in any statement is thrown on the way; the claim is among them by its name.
    /// </summary>
    /// <param name="batch">A commit and a claim.</param>
    /// <param name="worker">Who claims.</param>
    /// <param name="cancellationToken">Whether it was carried out is unknown then.</param>
    public async Task<RunClaim?> LastClaimAsync(NpgsqlBatch batch, string worker, CancellationToken cancellationToken)
    {
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        RunClaim? claim = null;
        do
        {
            if (reader.FieldCount > 0 && string.Equals(reader.GetName(0), ClaimStatements.ClaimedRun, StringComparison.Ordinal) && await reader.ReadAsync(cancellationToken))
            {
                claim = Read(reader, worker);
            }
        }
        while (await reader.NextResultAsync(cancellationToken));

        return claim;
    }

    /// <summary>Whether the claim brought all there is of its run, an empty inbox included.</summary>
    public bool Has(RunClaim claim) => fresh.TryGetValue(claim, out _);

    /// <summary>Once: what is loaded again, is loaded.</summary>
    public RunSnapshot? Take(RunClaim claim)
    {
        if (!fresh.TryGetValue(claim, out var snapshot))
        {
            return null;
        }

        _ = fresh.Remove(claim);
        return snapshot;
    }

    /// <summary>Keeps the run for its first load when it has no step, hence no bookmark, and nothing in its inbox.</summary>
    private RunClaim Read(NpgsqlDataReader row, string worker)
    {
        var run = RunRows.ReadRun(row);
        var generation = row.GetOrdinal(ClaimStatements.Generation);
        var claim = new RunClaim(run.Id, worker, row.GetInt64(generation));
        var hasStimuli = row.GetBoolean(generation + 2);
        if (run.NextExecutionNumber == 1 && !hasStimuli)
        {
            fresh.Add(claim, new RunSnapshot(run, [], [], [], row.GetFieldValue<DateTimeOffset>(generation + 1)));
        }

        return claim;
    }
}
