using System.Text.Json.Nodes;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Secrets;

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
        CancellationToken cancellationToken,
        SecretMask? mask = null,
        bool isDryRun = false)
    {
        IsDryRun = isDryRun;
        Mask = mask ?? (SecretMask?)services.GetService(typeof(SecretMask)) ?? new SecretMask();
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
        new(Claim, execution, Services, Clock, report, ensureOwned, cancelRequested, cancellationToken, Mask, IsDryRun);

    /// <summary>Takes out of texts the secrets that were handed out here.</summary>
    internal SecretMask Mask { get; }

    /// <summary>Only looking is allowed: see <see cref="Run.IsDryRun"/>.</summary>
    public bool IsDryRun { get; }

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

    /// <summary>The value of an input. A secret is looked up now, and is nowhere else than in the hands of the caller.</summary>
    /// <exception cref="SecretMissingException">The input names a secret that can't be had.</exception>
    public T? Get<T>(Input<T> input)
    {
        ArgumentNullException.ThrowIfNull(input);

        // The definition says whether it is a secret, never the value: a value comes from people and scripts.
        if (input.Expression is Expression.Secret secret)
        {
            return SecretOf(secret.Name) switch
            {
                SecretAnswer.Found found => (T?)(object?)found.Value,
                SecretAnswer.Missing missing => throw new SecretMissingException(missing.Why),
                _ => default,
            };
        }

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
    public Task ReportProgressAsync(JsonObject progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        return report(Mask.Mask(progress));
    }

    internal SecretAnswer SecretOf(string name)
    {
        var answer = (Services.GetService(typeof(ISecretSource)) as ISecretSource)?.Find(name)
            ?? new SecretAnswer.Missing($"There is no source of secrets in this process, and secret '{name}' is asked for.");
        if (answer is SecretAnswer.Found found)
        {
            Mask.Remember(found.Value);
        }

        return answer;
    }
}
