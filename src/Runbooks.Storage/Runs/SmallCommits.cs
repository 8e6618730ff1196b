using System.Collections.Concurrent;
using Npgsql;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Runs;

/// <summary>
/// The usual commit, a step that has completed and one that begins, as one statement: head, steps and journal are its parts.
/// To begin and to end a statement costs the database as much as the row that it writes. There is one text for each shape
/// of a commit; the shapes that come often are prepared.
/// </summary>
internal static class SmallCommits
{
    /// <summary>More shapes than these would drive each other out of what a connection keeps prepared.</summary>
    private const int MostNew = 2;

    private static readonly ConcurrentDictionary<Shape, string> Texts = new();

    /// <summary>Adds head, steps and journal of a commit. False, and nothing is added: it is too large, or too little is known of what is stored.</summary>
    /// <param name="batch">What is sent.</param>
    /// <param name="commit">What is to be written.</param>
    /// <param name="written">What the store knows to be there already.</param>
    /// <param name="steps">The steps of the commit, the new ones apart.</param>
    public static bool TryAdd(NpgsqlBatch batch, RunCommit commit, WrittenTexts? written, StepsOfCommit steps)
    {
        if (written is null || !steps.AreSurelyNew || steps.New.Length > MostNew || steps.Changed.Length > ExecutionStatements.FewChanges || commit.Journal.Count > RowLists.Most)
        {
            return false;
        }

        var facts = HeadFacts.Of(commit.Run);
        var shape = new Shape(HeadStatements.ChangesWhole(commit, written, facts), steps.New.Length, steps.Changed.Length, commit.Journal.Count);
        written.Sends(facts);
        var command = batch.Add(Texts.GetOrAdd(shape, Text)).With(commit.Run.Id.Value).WithHead(commit, written, shape.WholeHead);
        foreach (var step in steps.New)
        {
            _ = command.WithNew(step, written);
        }

        foreach (var step in steps.Changed)
        {
            _ = command.WithChange(step, written);
        }

        foreach (var entry in commit.Journal)
        {
            _ = command.WithEntry(entry);
        }

        return true;
    }

    private static string Text(Shape shape)
    {
        var at = new Places();
        var parts = new List<string> { $"head AS ({HeadStatements.Text(at, shape.WholeHead)})" };
        if (shape.New > 0)
        {
            parts.Add($"begun AS ({ExecutionStatements.FewNew.Text(at, shape.New)})");
        }

        for (var i = 1; i <= shape.Changed; i++)
        {
            parts.Add($"changed_{i} AS ({ExecutionStatements.Change(at)})");
        }

        if (shape.Entries > 0)
        {
            parts.Add($"told AS ({CommitStatements.FewEntries.Text(at, shape.Entries)})");
        }

        return $"WITH {string.Join(", ", parts)} {HeadStatements.Fence}";
    }

    private readonly record struct Shape(bool WholeHead, int New, int Changed, int Entries);
}

/// <summary>The steps of a commit.</summary>
/// <param name="New">Written whole: new, or their inputs have changed.</param>
/// <param name="Changed">All others.</param>
/// <param name="AreSurelyNew">None of the first was ever written.</param>
internal sealed record StepsOfCommit(ActivityExecution[] New, ActivityExecution[] Changed, bool AreSurelyNew)
{
    public static StepsOfCommit Of(RunCommit commit, WrittenTexts? written)
    {
        if (commit.NewExecutions is not { } known)
        {
            return new StepsOfCommit([.. commit.Executions], [], AreSurelyNew: false);
        }

        ActivityExecution[] begun = [.. commit.Executions.Where(e => known.Contains(e.Number))];
        return new StepsOfCommit(begun, [.. commit.Executions.Where(e => !known.Contains(e.Number))], Array.TrueForAll(begun, e => e.Number >= written?.FirstFreeNumber));
    }
}
