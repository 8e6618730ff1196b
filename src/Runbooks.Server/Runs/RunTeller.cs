using System.Collections.Immutable;
using Runbooks.Server.Logging;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Runs;

/// <summary>
/// Says in the terminal what became of runs. A run that only looked and found nothing to do is told once, until its
/// answer changes: a schedule that looks every few seconds is no news.
/// </summary>
public sealed class RunTeller(Announcer announcer)
{
    private readonly HashSet<RunId> started = [];
    private readonly Dictionary<string, string> lastQuiet = new(StringComparer.Ordinal);

    public void Tell(ImmutableDictionary<RunId, RunCard> before, ImmutableDictionary<RunId, RunCard> now, bool first)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(now);
        foreach (var card in now.Values.Where(c => c.Run.ParentRunId is null).OrderBy(c => c.Run.CreatedAt))
        {
            var run = card.Run;
            if (before.TryGetValue(run.Id, out var old) ? old.Run.Status.IsEnd() : first && run.Status.IsEnd())
            {
                continue;
            }

            if (card.ChangedTheWorld && started.Add(run.Id))
            {
                announcer.Started(run);
            }

            if (run.Status == RunStatus.NeedsAttention && old?.Run.Status != RunStatus.NeedsAttention)
            {
                announcer.NeedsAttention(run);
            }
            else if (run.Status.IsEnd())
            {
                End(card, [.. now.Values.Where(c => c.Run.ParentRunId == run.Id)]);
            }
        }
    }

    private void End(RunCard card, IReadOnlyList<RunCard> children)
    {
        var run = card.Run;
        var summary = Summary(card, children);
        if (card.ChangedTheWorld || run.Status != RunStatus.Finished)
        {
            _ = started.Remove(run.Id);
            announcer.Ended(run, summary);
            return;
        }

        // Loads differ with every look; what was decided is the news.
        var gist = new string([.. summary.Where(c => !char.IsDigit(c))]);
        if (!lastQuiet.TryGetValue(run.DefinitionId, out var last) || !string.Equals(last, gist, StringComparison.Ordinal))
        {
            lastQuiet[run.DefinitionId] = gist;
            announcer.Ended(run, summary);
        }
    }

    private static string Summary(RunCard card, IReadOnlyList<RunCard> children)
    {
        var run = card.Run;
        var parts = new List<string>();
        if (card.Title.Length > 0)
        {
            parts.Add(card.Title);
        }

        if (card.Summary is { } said)
        {
            parts.Add(said);
        }

        if (children.Count > 0)
        {
            parts.Add($"{children.Count(c => c.Run.Status == RunStatus.Finished)} of {children.Count} parts done");
        }

        if (run.Reason is { Length: > 0 } reason)
        {
            parts.Add(reason);
        }

        if (run.FinishedAt - (run.StartedAt ?? run.CreatedAt) is { } took)
        {
            parts.Add($"took {RunWords.Span(took)}");
        }

        return string.Join("; ", parts);
    }
}
