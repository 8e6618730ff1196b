using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.Execution;

/// <summary>What the engine asks of an effect.</summary>
public enum EffectOperation
{
    Perform,
    Join,
    Reconcile,
    Undo,
}

/// <summary>One call of the engine to an effect.</summary>
/// <param name="Operation">What is asked.</param>
/// <param name="Activity">Of which activity.</param>
/// <param name="Context">What the effect sees.</param>
public sealed record EffectCall(EffectOperation Operation, EffectActivity Activity, EffectContext Context);

/// <summary>
/// Stands between the engine and every effect; part of the engine for fault injection. What it throws counts as thrown by
/// the effect, and what it answers as answered by it, so it is bound by the same contract.
/// </summary>
public interface IEffectInterceptor
{
    /// <summary>For <see cref="EffectOperation.Perform"/> and <see cref="EffectOperation.Join"/>.</summary>
    Task<EffectResult> PerformAsync(EffectCall call, Func<Task<EffectResult>> effect);

    Task<Reconciliation> ReconcileAsync(EffectCall call, Func<Task<Reconciliation>> effect);

    Task<UndoResult> UndoAsync(EffectCall call, Func<Task<UndoResult>> effect);
}

/// <summary>The interceptor of production: stands aside.</summary>
public sealed class NoInterceptor : IEffectInterceptor
{
    public static NoInterceptor Instance { get; } = new();

    public Task<EffectResult> PerformAsync(EffectCall call, Func<Task<EffectResult>> effect) => effect();

    public Task<Reconciliation> ReconcileAsync(EffectCall call, Func<Task<Reconciliation>> effect) => effect();

    public Task<UndoResult> UndoAsync(EffectCall call, Func<Task<UndoResult>> effect) => effect();
}
