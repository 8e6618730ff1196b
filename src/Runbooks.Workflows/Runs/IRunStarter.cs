using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Runs;

/// <summary>A wish to start a runbook; API, schedules and events all make the same.</summary>
/// <param name="DefinitionId">The runbook; its latest published version is started.</param>
/// <param name="Input">Values of its inputs by name.</param>
/// <param name="StartedBy">Who or what: an operator, <c>schedule:nightly</c>, <c>event:threshold</c>.</param>
/// <param name="IdempotencyKey">Wishes with one key are one run; null: a run of its own.</param>
/// <param name="CorrelationId">Free for the caller; null for none.</param>
public sealed record StartRequest(
    string DefinitionId,
    JsonObject Input,
    string StartedBy,
    string? IdempotencyKey = null,
    string? CorrelationId = null)
{
    /// <summary>The activity of the runbook that starts it; null: it starts where it usually does.</summary>
    public RunTrigger? Trigger { get; init; }

    /// <summary>Nothing is changed: see <see cref="Run.IsDryRun"/>.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>The version below zero under which a draft was kept; it runs only dry. Null: the latest published version.</summary>
    public int? Draft { get; init; }
}

/// <summary>One thing that is wrong with a request.</summary>
/// <param name="Field">The input, or <c>runbook</c>.</param>
/// <param name="Message">What is wrong, what was found, what is expected.</param>
public sealed record StartProblem(string Field, string Message);

/// <summary>The answer to a <see cref="StartRequest"/>.</summary>
public abstract record StartAnswer
{
    private StartAnswer()
    {
    }

    /// <summary>The run exists now, or existed under the same idempotency key.</summary>
    public sealed record Accepted(RunId RunId, bool AlreadyThere) : StartAnswer;

    /// <summary>No such runbook.</summary>
    public sealed record UnknownRunbook(string DefinitionId, IReadOnlyList<string> Known) : StartAnswer;

    /// <summary>Another run is open, and the runbook's activation strategy lets none start beside it; nothing was started.</summary>
    /// <param name="Reason">The rule, and the open run, for people.</param>
    /// <param name="OpenRun">The run that is open.</param>
    public sealed record Refused(string Reason, RunId OpenRun) : StartAnswer;

    /// <summary>Inputs are missing, unknown or of the wrong type; nothing was started.</summary>
    public sealed record Invalid(IReadOnlyList<StartProblem> Problems) : StartAnswer;
}

/// <summary>Starts runs.</summary>
public interface IRunStarter
{
    Task<StartAnswer> StartAsync(StartRequest request, CancellationToken cancellationToken);
}

/// <summary>Tells workers of this process that some run may have something to do, so that they look before their next poll.</summary>
public interface IWorkSignal
{
    void Raise();

    /// <summary>Completes when raised since the last wait, or after <paramref name="longest"/>.</summary>
    Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken);
}
