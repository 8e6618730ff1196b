using System.Text.Json.Nodes;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Activities;

/// <summary>What an effect sees: its frozen inputs, the services of the process, and whether it still may act.</summary>
public sealed class EffectContext
{
    private readonly Func<JsonObject, Task> report;
    private readonly Func<CancellationToken, Task> ensureOwned;
    private readonly ActivityExecution execution;

    internal EffectContext(
        RunClaim claim,
        ActivityExecution execution,
        IServiceProvider services,
        TimeProvider clock,
        Func<JsonObject, Task> report,
        Func<CancellationToken, Task> ensureOwned,
        CancellationToken cancelRequested,
        CancellationToken cancellationToken)
    {
        Claim = claim;
        this.execution = execution;
        Services = services;
        Clock = clock;
        this.report = report;
        this.ensureOwned = ensureOwned;
        CancelRequested = cancelRequested;
        CancellationToken = cancellationToken;
    }

    /// <summary>The same with other tokens: for one try of the effect, within its time limit.</summary>
    internal EffectContext With(CancellationToken cancelRequested, CancellationToken cancellationToken) =>
        new(Claim, execution, Services, Clock, report, ensureOwned, cancelRequested, cancellationToken);

    public RunClaim Claim { get; }

    public RunId RunId => Claim.RunId;

    /// <summary>The step's number within the run.</summary>
    public long StepNumber => execution.Number;

    /// <summary>How often this step has been started, from 1.</summary>
    public int Attempt => execution.Attempt;

    public IServiceProvider Services { get; }

    public TimeProvider Clock { get; }

    /// <summary>The run was cancelled: end the effect if it can be ended, and say how it ended.</summary>
    public CancellationToken CancelRequested { get; }

    /// <summary>The worker stops or has lost the run: stop waiting at once, without touching the effect.</summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>Outputs of the completed step, for its undo.</summary>
    public JsonObject Outputs => execution.Outputs;

    public T? Get<T>(Input<T> input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return ValueConversion.To<T>(execution.Inputs.TryGetPropertyValue(input.Name, out var value) ? value : input.Default, input.Name);
    }

    public T GetRequiredService<T>()
        where T : notnull =>
        (T)(Services.GetService(typeof(T)) ?? throw new InvalidOperationException($"Service {typeof(T).Name} is not registered in this process."));

    /// <summary>
    /// Asks the store whether this worker still owns the run; throws <see cref="LeaseLostException"/> when it does not. To be
    /// called right before the world is changed: a worker that was frozen past its lease stops here.
    /// </summary>
    public Task EnsureOwnedAsync() => ensureOwned(CancellationToken);

    /// <summary>Shows people how far the effect is. Never decided on, and allowed to be lost.</summary>
    public Task ReportProgressAsync(JsonObject progress) => report(progress);
}
