using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.FaultInjection;

/// <summary>The worker dies here by a fault plan: what was not committed is lost.</summary>
public sealed class WorkerDiedException(string where) : Exception($"The worker died at {where} (injected).");

/// <summary>A fault plan let a call fail.</summary>
public sealed class InjectedFaultException(string message) : Exception(message);

/// <summary>
/// Carries a <see cref="FaultPlan"/> out: give it to <see cref="EngineServices"/> as probe and as interceptor, and wrap the
/// store in a <see cref="FaultyRunStore"/>. Counts how often each rule was met and has struck. Safe for concurrent use.
/// </summary>
/// <param name="plan">What is to go wrong.</param>
/// <param name="clock">Delays pass by it.</param>
/// <param name="seed">Of the chance of rules that leave something to it.</param>
public sealed class FaultInjector(FaultPlan plan, TimeProvider clock, int seed = 0) : IExecutionProbe, IEffectInterceptor
{
    private readonly Lock gate = new();
    private readonly Random random = new(seed);
    private readonly int[] met = new int[plan.Rules.Count];
    private readonly int[] struck = new int[plan.Rules.Count];
    private bool ended;

    /// <summary>Told of each fault as it strikes: rule, and where.</summary>
    public Action<FaultRule, string>? OnStrike { get; set; }

    /// <summary>How often each rule has struck, in the order of the plan.</summary>
    public IReadOnlyList<int> Struck
    {
        get
        {
            lock (gate)
            {
                return [.. struck];
            }
        }
    }

    internal TimeProvider Clock => clock;

    /// <summary>From now on nothing goes wrong any more.</summary>
    public void End()
    {
        lock (gate)
        {
            ended = true;
        }
    }

    public ValueTask ReachedAsync(JournalPoint point, RunId run, string? nodeId)
    {
        var site = point switch
        {
            JournalPoint.Claimed => FaultSite.Claimed,
            JournalPoint.BeforeCommit => FaultSite.BeforeCommit,
            JournalPoint.AfterCommit => FaultSite.AfterCommit,
            JournalPoint.EffectEnded => FaultSite.EffectEnded,
            JournalPoint.UndoEnded => FaultSite.UndoEnded,
            _ => throw new ArgumentOutOfRangeException(nameof(point), point, "Not a journal point."),
        };
        return Take(site, nodeId?.Split(':')[^1]) is null
            ? ValueTask.CompletedTask
            : throw new WorkerDiedException($"{point} of {nodeId ?? "the run"}");
    }

    public Task<EffectResult> PerformAsync(EffectCall call, Func<Task<EffectResult>> effect)
    {
        ArgumentNullException.ThrowIfNull(call);
        return CallAsync(
            call,
            call.Operation == EffectOperation.Join ? FaultSite.Join : FaultSite.Perform,
            effect,
            text => new EffectResult.Failed(text),
            text => new EffectResult.Unknown(text));
    }

    public Task<Reconciliation> ReconcileAsync(EffectCall call, Func<Task<Reconciliation>> effect) =>
        CallAsync(call, FaultSite.Reconcile, effect, text => new Reconciliation.Unknown(text), text => new Reconciliation.Unknown(text));

    public Task<UndoResult> UndoAsync(EffectCall call, Func<Task<UndoResult>> effect) =>
        CallAsync(call, FaultSite.Undo, effect, text => new UndoResult.Failed(text), text => new UndoResult.Failed(text));

    /// <summary>The rule that strikes at this passage; null when none does.</summary>
    internal FaultRule? Take(FaultSite site, string? step)
    {
        FaultRule? hit = null;
        lock (gate)
        {
            for (var i = 0; i < plan.Rules.Count && !ended; i++)
            {
                var rule = plan.Rules[i];
                var matches = (rule.Site == site || (rule.Site == FaultSite.Store && FaultRules.IsStore(site))) && (rule.Step is null || string.Equals(rule.Step, step, StringComparison.Ordinal));
                if (matches && met[i]++ >= rule.Skip && struck[i] < rule.Times && (rule.Chance >= 1 || random.NextDouble() < rule.Chance))
                {
                    struck[i]++;
                    hit = rule;
                    break;
                }
            }
        }

        if (hit is not null)
        {
            OnStrike?.Invoke(hit, step is null ? FaultText.Word(site) : $"{FaultText.Word(site)} of {step}");
        }

        return hit;
    }

    private async Task<T> CallAsync<T>(EffectCall call, FaultSite site, Func<Task<T>> effect, Func<string, T> failed, Func<string, T> unknown)
    {
        var step = call.Activity.Id;
        var rule = Take(site, step);
        var text = $"{FaultText.Word(site)} of {step} was made to go wrong by rule '{rule}'.";
        switch (rule?.Action)
        {
            case null:
                return await effect();
            case FaultAction.Fail:
                return failed(text);
            case FaultAction.LoseBefore:
                return unknown(text);
            case FaultAction.LoseAfter:
                _ = await effect();
                return unknown(text);
            case FaultAction.FailAfter:
                _ = await effect();
                return failed(text);
            case FaultAction.Throw:
                throw new InjectedFaultException(text);
            case FaultAction.ThrowAfter:
                _ = await effect();
                throw new InjectedFaultException(text);
            case FaultAction.Again:
                return await AgainAsync(call, site, effect, unknown(text));
            case FaultAction.Delay:
                await Task.Delay(rule.Time, clock, call.Context.CancellationToken);
                return await effect();
            case FaultAction.Hang:
                using (var end = CancellationTokenSource.CreateLinkedTokenSource(call.Context.CancellationToken, call.Context.CancelRequested))
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, clock, end.Token);
                }

                return unknown(text);
            default:
                throw new InvalidOperationException($"Rule '{rule}' can't strike an effect.");
        }
    }

    /// <summary>
    /// Undoing and looking are simply done twice. A change is never performed twice without a look in between, so its first
    /// outcome is forgotten, and the engine has to find out and to do or join it once more if it must.
    /// </summary>
    private static async Task<T> AgainAsync<T>(EffectCall call, FaultSite site, Func<Task<T>> effect, T forgotten)
    {
        var first = await effect();
        return site != FaultSite.Perform || call.Activity is not MutatingActivity ? await effect()
            : first is EffectResult.Done ? forgotten
            : first;
    }
}
