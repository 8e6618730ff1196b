using Npgsql;
using NpgsqlTypes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Runs;

/// <summary>
/// How a commit writes the head of its run. The same statement is its fence: it finds the head only under the claim's
/// generation and where the journal is as long as the worker thinks.
/// </summary>
internal static class HeadStatements
{
    /// <summary>Comes last in a statement that has the head as its part of that name; takes back the whole commit when there was none.</summary>
    public const string Fence = "SELECT runbooks.require_held(0) WHERE NOT EXISTS (SELECT FROM head)";

    private static readonly string Whole = $"WITH head AS ({Text(new Places(), isWhole: true)}) {Fence}";

    /// <summary>The head in a statement of its own.</summary>
    public static void AddHead(this NpgsqlBatch batch, RunCommit commit, WrittenTexts? written)
    {
        written?.Sends(HeadFacts.Of(commit.Run));
        _ = batch.Add(Whole).With(commit.Run.Id.Value).WithHead(commit, written, isWhole: true);
    }

    /// <summary>Whether more of the head changes than its counters, which every commit moves.</summary>
    public static bool ChangesWhole(RunCommit commit, WrittenTexts written, HeadFacts facts) =>
        commit.ReleaseLease || !written.Holds(facts) || NewestResult(commit) is not null;

    /// <param name="at">Where the statement has come to; the first place is the run's.</param>
    /// <param name="isWhole">False: only the counters, which is most commits.</param>
    public static string Text(Places at, bool isWhole)
    {
        var counters = $"next_execution_number = {at.Next()}, next_journal_sequence = {at.Next()}, next_completion_order = {at.Next()}";
        var rest = isWhole ? Rest(at) : "";
        return $"UPDATE runbooks.runs SET {counters}{rest} WHERE id = {Places.Run} AND generation = {at.Next()} AND owner = {at.Next()} AND next_journal_sequence = {at.Next()} RETURNING 1";
    }

    public static NpgsqlBatchCommand WithHead(this NpgsqlBatchCommand command, RunCommit commit, WrittenTexts? written, bool isWhole)
    {
        var run = commit.Run;
        _ = command.With(run.NextExecutionNumber).With(run.NextJournalSequence).With(run.NextCompletionOrder);
        if (isWhole)
        {
            var result = NewestResult(commit);
            _ = command
                .WithText(run.CorrelationId)
                .WithJsonText(written.Unless(WrittenTexts.Head, JsonColumn.Output, run.Output))
                .WithJsonText(written.Unless(WrittenTexts.Head, JsonColumn.Variables, run.Variables))
                .WithText(run.Status.ToString())
                .WithText(run.Reason)
                .WithText(run.CompensatesTo?.ToString())
                .WithTime(run.StartedAt)
                .WithTime(run.FinishedAt)
                .WithText(run.ParentBookmarkId)
                .WithText(run.Name)
                .WithText(run.PausedBy)
                .WithPasses(run.Passes)
                .WithNumbers(run.Incidents)
                .With(commit.ReleaseLease)
                .With(result?.Number, NpgsqlDbType.Bigint)
                .With(result?.CompletionOrder, NpgsqlDbType.Bigint);
        }

        return command.With(commit.Claim.Generation).WithText(commit.Claim.Worker).With(run.NextJournalSequence - commit.Journal.Count);
    }

    private static string Rest(Places at)
    {
        var named = $", correlation_id = {at.Next()}, output = coalesce({at.Next()}, output), variables = coalesce({at.Next()}, variables)"
            + $", status = {at.Next()}, reason = {at.Next()}, compensates_to = {at.Next()}, started_at = {at.Next()}, finished_at = {at.Next()}"
            + $", parent_bookmark_id = {at.Next()}, name = {at.Next()}, paused_by = {at.Next()}, passes = {at.Next()}, incidents = {at.Next()}";
        var (release, number, order) = (at.Next(), at.Next(), at.Next());
        return $"{named}, owner = CASE WHEN {release} THEN NULL ELSE owner END, lease_until = CASE WHEN {release} THEN NULL ELSE lease_until END"
            + $", last_result_number = CASE WHEN {order} > coalesce(last_result_order, 0) THEN {number} ELSE last_result_number END"
            + $", last_result_order = greatest({order}, last_result_order)";
    }

    private static ActivityExecution? NewestResult(RunCommit commit) =>
        commit.Executions.Where(e => e.CompletionOrder is not null && e.Outputs.ContainsKey("Result")).MaxBy(e => e.CompletionOrder);
}

/// <summary>
/// Numbers the parameters of a statement that is put together from parts. Each part is given its values in the order in
/// which it took its places.
/// </summary>
internal sealed class Places
{
    /// <summary>The first parameter of every statement of a commit.</summary>
    public const string Run = "$1";

    private int last = 1;

    public string Next() => $"${++last}";
}
