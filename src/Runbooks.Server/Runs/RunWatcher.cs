using System.Collections.Immutable;
using Runbooks.Server.Approvals;
using Runbooks.Server.Logging;
using Runbooks.Server.Startup;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Runs;

/// <summary>
/// Reads open and recent runs from the store, whichever worker executes them, and shows them on the board. A run that has
/// ended is read once more and never again.
/// </summary>
public sealed class RunWatcher(
    IRunStore store,
    DefinitionCatalog catalog,
    ApprovalDesk approvals,
    RunBoard board,
    RunTeller teller,
    TimeProvider clock,
    ServiceHealth health,
    ILogger<RunWatcher> logger) : RepeatingService("Run watcher", clock, health, logger)
{
    /// <summary>Children included; enough for an evening of work, little enough to be read twice a second.</summary>
    private const int Remembered = 250;

    private ImmutableDictionary<RunId, RunCard> cards = ImmutableDictionary<RunId, RunCard>.Empty;
    private bool first = true;

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(400);

    protected override async Task RoundAsync(CancellationToken stoppingToken)
    {
        var open = await store.ListAsync(new RunFilter { OnlyOpen = true, Limit = Remembered }, stoppingToken);
        var recent = await store.ListAsync(new RunFilter { Limit = Remembered }, stoppingToken);
        var next = ImmutableDictionary.CreateBuilder<RunId, RunCard>();
        var changed = false;
        foreach (var run in open.Concat(recent))
        {
            if (next.ContainsKey(run.Id))
            {
                continue;
            }

            if (cards.TryGetValue(run.Id, out var known) && known.Run.Status.IsEnd())
            {
                next.Add(run.Id, known);
                continue;
            }

            var card = await ReadAsync(run, stoppingToken);
            next.Add(run.Id, card);
            changed |= known is null || Differs(known, card);
        }

        changed |= next.Count != cards.Count;
        var before = cards;
        cards = next.ToImmutable();
        if (changed || first)
        {
            board.Show(cards);
            teller.Tell(before, cards, first);
            first = false;
        }
    }

    private async Task<RunCard> ReadAsync(Run run, CancellationToken cancellationToken)
    {
        var definition = await catalog.FindAsync(run.DefinitionId, run.DefinitionVersion, cancellationToken);
        var steps = await store.ExecutionsAsync(run.Id, cancellationToken);
        var stages = StageList.Of(definition, run, steps);
        return new RunCard(
            run,
            RunCard.TitleOf(run),
            stages,
            steps.LastOrDefault(s => s is { Status: ActivityStatus.Running, Progress: not null })?.Progress,
            run.ParentRunId is not null || StageList.Steps(definition, steps).Any(s => s is { TouchesTheWorld: true, LeftOut: false }) || run.Status is RunStatus.NeedsAttention or RunStatus.Faulted,
            steps.Select(s => s.Outputs["Summary"]?.ToString()).LastOrDefault(s => s is { Length: > 0 }))
        {
            Allowed = OrderRules.Allowed(new RunFacts(run, steps, definition)),
            Approvals = run.Status.IsEnd() ? [] : [.. (await approvals.OfRunAsync(run, steps, cancellationToken)).Where(a => a.State == ApprovalView.Waiting)],
        };
    }

    private static bool Differs(RunCard a, RunCard b) =>
        a.Run.Status != b.Run.Status
        || !string.Equals(a.Run.Reason, b.Run.Reason, StringComparison.Ordinal)
        || !string.Equals(a.Run.PausedBy, b.Run.PausedBy, StringComparison.Ordinal)
        || !a.Allowed.SequenceEqual(b.Allowed)
        || a.Approvals.Count != b.Approvals.Count
        || !a.Stages.SequenceEqual(b.Stages)
        || !System.Text.Json.Nodes.JsonNode.DeepEquals(a.Progress, b.Progress);
}
