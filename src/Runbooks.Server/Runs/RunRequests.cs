using System.Text.Json.Nodes;
using Runbooks.Server.Views;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Runs;

/// <summary>What people ask of runs; API and console share it.</summary>
public sealed class RunRequests(IRunStarter starter, IRunStore store, DefinitionCatalog catalog, RunFactory factory, IWorkSignal signal)
{
    private static readonly RunStatus[] Cancellable = [RunStatus.Pending, RunStatus.Executing, RunStatus.Suspended, RunStatus.NeedsAttention];
    private static readonly RunStatus[] Retryable = [RunStatus.NeedsAttention];

    /// <summary>What may be asked of a run in this status.</summary>
    public static IReadOnlyList<string> Allowed(RunStatus status) =>
        [.. new[] { (Name: "cancel", In: Cancellable), (Name: "retry", In: Retryable) }.Where(v => v.In.Contains(status)).Select(v => v.Name)];

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
        return again is not null && JsonNode.DeepEquals(again.Input, run.Input);
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
        return new RunDetail(
            RunView.Of(run),
            StageList.Of(definition, run, steps),
            StageList.Steps(definition, steps),
            [.. children.OrderBy(c => c.CreatedAt).Select(RunView.Of)],
            Allowed(run.Status));
    }

    /// <summary>Asks a run to be cancelled and undone. Asking again is asking once.</summary>
    public Task<RunRequestAnswer> CancelAsync(RunId id, string actor, string reason, CancellationToken cancellationToken) =>
        AskAsync(id, StimulusKind.Cancel, "cancel", actor, reason, cancellationToken);

    /// <summary>Asks a run that needs attention to look again and go on.</summary>
    public Task<RunRequestAnswer> RetryAsync(RunId id, string actor, string reason, CancellationToken cancellationToken) =>
        AskAsync(id, StimulusKind.Retry, "retry", actor, reason, cancellationToken);

    private async Task<RunRequestAnswer> AskAsync(RunId id, StimulusKind kind, string verb, string actor, string reason, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { } run)
        {
            return new RunRequestAnswer.Unknown();
        }

        if (kind == StimulusKind.Cancel && (run.Status == RunStatus.Cancelled || run.CompensatesTo == RunStatus.Cancelled))
        {
            return new RunRequestAnswer.Accepted(run);
        }

        var allowed = Allowed(run.Status);
        if (!allowed.Contains(verb, StringComparer.Ordinal))
        {
            return new RunRequestAnswer.NotNow(run, allowed);
        }

        // The journal stands still while a run waits for a person, so repeating the request repeats its id.
        var stimulus = new Stimulus(kind == StimulusKind.Cancel ? $"cancel:{id}" : $"retry:{id}:{run.NextJournalSequence}", id, kind, null, null, actor, reason);
        if (!await store.SendAsync(stimulus, cancellationToken))
        {
            var now = await store.FindAsync(id, cancellationToken) ?? run;
            return new RunRequestAnswer.NotNow(now, Allowed(now.Status));
        }

        signal.Raise();
        return new RunRequestAnswer.Accepted(run);
    }
}

/// <summary>The answer to a request about a run.</summary>
public abstract record RunRequestAnswer
{
    private RunRequestAnswer()
    {
    }

    /// <summary>The run has been told, or had been told already.</summary>
    public sealed record Accepted(Run Run) : RunRequestAnswer;

    public sealed record Unknown : RunRequestAnswer;

    /// <summary>Its status does not allow it.</summary>
    public sealed record NotNow(Run Run, IReadOnlyList<string> Allowed) : RunRequestAnswer;
}
