using System.Text.Json.Nodes;
using Runbooks.Server.Approvals;
using Runbooks.Server.Views;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Runs;

/// <summary>Starts runs and reads them whole; API and console share it.</summary>
public sealed class RunRequests(IRunStarter starter, IRunStore store, DefinitionCatalog catalog, RunFactory factory, ApprovalDesk approvals)
{
    public Task<StartAnswer> StartAsync(StartRequest request, CancellationToken cancellationToken) => starter.StartAsync(request, cancellationToken);

    /// <summary>True when a request asks for what the run was made from; the same key may not mean two things.</summary>
    public async Task<bool> AsksForAsync(Run run, StartRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(request);
        if (!string.Equals(run.DefinitionId, request.DefinitionId, StringComparison.Ordinal)
            || await catalog.FindAsync(run.DefinitionId, run.DefinitionVersion, cancellationToken) is not { } definition)
        {
            return false;
        }

        var (again, _) = factory.Create(definition, request);
        return again is not null && again.IsDryRun == run.IsDryRun && JsonNode.DeepEquals(again.Input, run.Input);
    }

    public async Task<RunDetail?> DetailAsync(RunId id, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } run)
        {
            return null;
        }

        var definition = await catalog.FindAsync(run.DefinitionId, run.DefinitionVersion, cancellationToken);
        var steps = await store.ExecutionsAsync(id, cancellationToken);
        var children = await store.ListAsync(new RunFilter { ParentRunId = id, Limit = RunFilter.HighestLimit }, cancellationToken);
        var facts = new RunFacts(run, steps, definition);
        return new RunDetail(
            RunView.Of(run),
            StageList.Of(definition, run, steps),
            [.. StageList.Steps(definition, steps).Select(s => s with { Allowed = WayBack.AllowedOn(facts, s.Number) })],
            [.. children.OrderBy(c => c.CreatedAt).Select(RunView.Of)],
            [.. OrderRules.Allowed(facts).Select(v => v.Word())])
        {
            Incidents = WayBack.Incidents(facts),
            Passes = [.. run.Passes.Select(p => new PassView(p.Mode, p.Scope, p.After))],
            Approvals = await approvals.OfRunAsync(run, steps, cancellationToken),
            Undo = WayBack.Of(facts),
        };
    }
}
