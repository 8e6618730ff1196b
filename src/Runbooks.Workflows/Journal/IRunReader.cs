using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Journal;

/// <summary>Reads runs for lists that people look through: any page of them, with how many there are.</summary>
public interface IRunReader
{
    /// <summary>One page of the runs that a query admits, and how many it admits in all.</summary>
    Task<Page<Run>> QueryAsync(RunQuery query, CancellationToken cancellationToken);

    /// <summary>One page of a run's journal in the order of its sequence, and how many entries the query admits in all.</summary>
    Task<Page<JournalEntry>> JournalPageAsync(RunId id, JournalQuery query, CancellationToken cancellationToken);

    /// <summary>The places at which a run waits, by their ids.</summary>
    Task<IReadOnlyList<Bookmark>> BookmarksAsync(RunId id, CancellationToken cancellationToken);
}

/// <summary>A part of a list.</summary>
/// <param name="Items">The part.</param>
/// <param name="Total">How many the whole list has.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, int Total);

/// <summary>By what runs are ordered; those that are equal by it, by age.</summary>
public enum RunOrdering
{
    Created,

    /// <summary>When it ended; of an open run when it began, or was created.</summary>
    Updated,

    /// <summary>When it ended; open runs count as later than all that have.</summary>
    Finished,

    /// <summary>Its name; of a run without one, its runbook.</summary>
    Name,
}

/// <summary>The moments in the life of a run that can be asked for.</summary>
public enum RunMoment
{
    Created,
    Updated,
    Finished,
}

/// <summary>How two moments are compared.</summary>
public enum Comparison
{
    Is,
    IsNot,
    Before,
    After,
    NotAfter,
    NotBefore,
}

/// <summary>A condition on a moment of a run. A run that has not ended has no such moment, and fails every condition on it.</summary>
public sealed record MomentCondition(RunMoment Moment, Comparison Comparison, DateTimeOffset At);

/// <summary>Which runs to show, in which order, and which part of them. What is null does not narrow.</summary>
public sealed record RunQuery
{
    /// <summary>A page, not a dump.</summary>
    public const int MostTaken = 500;

    public IReadOnlyCollection<RunId>? Ids { get; init; }

    public IReadOnlyCollection<string>? DefinitionIds { get; init; }

    /// <summary>The version of the runbook; below zero that of a kept draft.</summary>
    public int? Version { get; init; }

    public string? CorrelationId { get; init; }

    public RunId? ParentRunId { get; init; }

    public IReadOnlyCollection<RunStatus>? Statuses { get; init; }

    /// <summary>Whether something in it went wrong: it has incidents, needs attention, or ended as compensated or faulted.</summary>
    public bool? HasTrouble { get; init; }

    /// <summary>A part of the name, the runbook or the correlation id, or a whole run id; upper and lower case are the same.</summary>
    public string? Text { get; init; }

    public IReadOnlyList<MomentCondition> Moments { get; init; } = [];

    public RunOrdering Ordering { get; init; }

    public bool Descending { get; init; } = true;

    public int Skip { get; init; }

    /// <summary>1 to <see cref="MostTaken"/>.</summary>
    public int Take { get; init; } = 50;

    /// <summary>End states and states in which something has gone wrong.</summary>
    public static IReadOnlyCollection<RunStatus> Troubled { get; } = [RunStatus.NeedsAttention, RunStatus.Compensated, RunStatus.Faulted];

    /// <summary>True for a run that the query admits; order and part are not its business.</summary>
    public bool Admits(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return (Ids is null || Ids.Contains(run.Id))
            && (DefinitionIds is null || DefinitionIds.Contains(run.DefinitionId))
            && (Version is null || run.DefinitionVersion == Version)
            && (CorrelationId is null || string.Equals(run.CorrelationId, CorrelationId, StringComparison.Ordinal))
            && (ParentRunId is null || run.ParentRunId == ParentRunId)
            && (Statuses is null || Statuses.Contains(run.Status))
            && (HasTrouble is null || (Troubled.Contains(run.Status) || run.Incidents.Count > 0) == HasTrouble)
            && (string.IsNullOrEmpty(Text) || Mentions(run, Text))
            && Moments.All(m => Holds(m, MomentOf(run, m.Moment)));
    }

    /// <summary>What runs are ordered by.</summary>
    public static DateTimeOffset? MomentOf(Run run, RunMoment moment)
    {
        ArgumentNullException.ThrowIfNull(run);
        return moment switch
        {
            RunMoment.Created => run.CreatedAt,
            RunMoment.Finished => run.FinishedAt,
            _ => run.FinishedAt ?? run.StartedAt ?? run.CreatedAt,
        };
    }

    private static bool Mentions(Run run, string text) =>
        Has(run.Name, text) || Has(run.DefinitionId, text) || Has(run.CorrelationId, text) || (RunId.TryParse(text, out var id) && run.Id == id);

    private static bool Has(string? where, string what) => where?.Contains(what, StringComparison.OrdinalIgnoreCase) == true;

    private static bool Holds(MomentCondition condition, DateTimeOffset? found) => found is { } at && condition.Comparison switch
    {
        Comparison.Is => at == condition.At,
        Comparison.IsNot => at != condition.At,
        Comparison.Before => at < condition.At,
        Comparison.After => at > condition.At,
        Comparison.NotAfter => at <= condition.At,
        _ => at >= condition.At,
    };
}

/// <summary>Which entries of a journal to show, and which part of them. What is null does not narrow.</summary>
public sealed record JournalQuery
{
    /// <summary>Only entries about these activities.</summary>
    public IReadOnlyCollection<string>? NodeIds { get; init; }

    /// <summary>No entries about these activities.</summary>
    public IReadOnlyCollection<string> NotNodeIds { get; init; } = [];

    public IReadOnlyCollection<string>? Events { get; init; }

    /// <summary>Whether entries about the run itself are shown too, whatever activities are asked for.</summary>
    public bool WithRun { get; init; } = true;

    public int Skip { get; init; }

    /// <summary>1 to <see cref="RunQuery.MostTaken"/>.</summary>
    public int Take { get; init; } = 100;

    public bool Admits(JournalEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return (entry.NodeId is null ? WithRun : (NodeIds is null || NodeIds.Contains(entry.NodeId)) && !NotNodeIds.Contains(entry.NodeId))
            && (Events is null || Events.Contains(entry.Event));
    }
}
