using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>Reads runs for Studio: from the store, whichever server executes them.</summary>
internal sealed class InstanceReader(IRunStore store, IRunReader reader, DefinitionCatalog catalog)
{
    public async Task<Run?> HeadAsync(string? id, CancellationToken cancellationToken) =>
        RunId.TryParse(id, out var run) ? await store.FindAsync(run, cancellationToken) : null;

    public Task<WorkflowDefinition?> DefinitionAsync(Run run, CancellationToken cancellationToken) =>
        catalog.FindAsync(run.DefinitionId, run.DefinitionVersion, cancellationToken);

    /// <summary>All of a run; null when there is none of this id.</summary>
    public async Task<InstanceFacts?> FactsAsync(string? id, CancellationToken cancellationToken) =>
        await HeadAsync(id, cancellationToken) is { } run ? await FactsAsync(run, cancellationToken) : null;

    public async Task<InstanceFacts> FactsAsync(Run run, CancellationToken cancellationToken) => new(
        new RunFacts(run, await store.ExecutionsAsync(run.Id, cancellationToken), await DefinitionAsync(run, cancellationToken)),
        run.Status.IsEnd() ? [] : await reader.BookmarksAsync(run.Id, cancellationToken));

    public async Task<InstanceShape?> InstanceAsync(string? id, CancellationToken cancellationToken) =>
        await FactsAsync(id, cancellationToken) is { } facts ? InstanceShape.Of(facts, await UpdatedAtAsync(facts.Run, cancellationToken)) : null;

    /// <summary>When the history of the run was last added to.</summary>
    public async Task<DateTimeOffset> UpdatedAtAsync(Run run, CancellationToken cancellationToken) =>
        await store.JournalAsync(run.Id, run.NextJournalSequence - 2, 1, cancellationToken) is [var last, ..] ? last.At : run.CreatedAt;

    /// <summary>Records of the steps at a node, in the order in which they were scheduled.</summary>
    public async Task<IReadOnlyList<StepRecord>> RecordsAsync(string? id, string? nodeId, string? activityId, CancellationToken cancellationToken)
    {
        if (await FactsAsync(id, cancellationToken) is not { } facts)
        {
            return [];
        }

        return string.Equals(nodeId ?? activityId, InstanceWords.Workflow, StringComparison.Ordinal)
            ? [StepRecord.OfRun(facts)]
            : [.. facts.Steps
                .Where(s => (nodeId is null || string.Equals(s.NodeId, nodeId, StringComparison.Ordinal)) && (activityId is null || string.Equals(s.ActivityId, activityId, StringComparison.Ordinal)))
                .OrderBy(s => s.Number)
                .Select(s => StepRecord.Of(facts, s))];
    }

    /// <summary>One record by its id, with the facts that it is from.</summary>
    public async Task<(InstanceFacts Facts, StepRecord Record)?> RecordAsync(string? id, CancellationToken cancellationToken)
    {
        if (StepIds.Parse(id) is not { } place || await store.FindAsync(place.Run, cancellationToken) is not { } run)
        {
            return null;
        }

        var facts = await FactsAsync(run, cancellationToken);
        return place.Step == 0 ? (facts, StepRecord.OfRun(facts))
            : facts.Facts.Step(place.Step) is { } step ? (facts, StepRecord.Of(facts, step))
            : null;
    }
}
