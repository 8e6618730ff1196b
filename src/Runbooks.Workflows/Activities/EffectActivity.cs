using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Activities;

/// <summary>What an activity does to the world.</summary>
public enum EffectKind
{
    /// <summary>Control flow and computation only.</summary>
    Pure,

    /// <summary>Looks at the world. May be repeated at will.</summary>
    Reads,

    /// <summary>Changes the world, and can be undone.</summary>
    Changes,

    /// <summary>Changes the world for good; the reason why there is no undo is written down.</summary>
    Irreversible,
}

/// <summary>
/// An activity that touches the world. The engine commits the intent (with frozen inputs) before it starts and the outcome
/// after it; between the two the worker may die at any instruction.
/// </summary>
/// <remarks>
/// An author derives from <see cref="ReadActivity"/>, <see cref="ChangeActivity"/> or <see cref="IrreversibleActivity"/>:
/// what each must say is abstract there, so an activity without a reconcile or an undo does not compile.
/// </remarks>
public abstract class EffectActivity : Activity
{
    private protected EffectActivity()
    {
    }

    public abstract EffectKind Kind { get; }

    [Input(Description = "How often it is tried again after it failed. 0: the first failure counts.", DefaultValue = 0, Category = "Reliability", DisplayName = "Retries")]
    public Input<int> Retries { get; } = new() { KeepsDefault = false };

    [Input(Description = "Pause before the first new try; doubles with each, up to 5 minutes.", DefaultValue = "00:00:10", Category = "Reliability", DisplayName = "Retry after")]
    public Input<TimeSpan> RetryAfter { get; } = new() { KeepsDefault = false };

    [Input(Description = "How long it may take, such as 00:10:00; then it is asked to end and counts as failed if it did. Empty: as long as it takes.", Category = "Reliability", DisplayName = "Time limit")]
    public Input<TimeSpan?> TimeLimit { get; } = new() { KeepsDefault = false };

    protected internal sealed override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        context.RequestEffect();
        return ValueTask.CompletedTask;
    }

    /// <summary>It was <see cref="EffectResult.Postponed"/>, and its time or its event has come.</summary>
    protected internal sealed override ValueTask OnResumedAsync(ActivityExecutionContext context, Bookmark bookmark, JsonNode? input)
    {
        context.RequestEffect();
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// Does it. All or nothing: <see cref="EffectResult.Failed"/> promises that nothing is left over. An exception counts as
    /// <see cref="EffectResult.Unknown"/>. <see cref="EffectContext.CancellationToken"/> means "stop waiting, somebody else
    /// goes on"; <see cref="EffectContext.CancelRequested"/> means "end it, if it can be ended".
    /// </summary>
    protected internal abstract Task<EffectResult> PerformAsync(EffectContext context);
}

/// <summary>Looks at the world. After a crash it is simply done again.</summary>
public abstract class ReadActivity : EffectActivity
{
    public sealed override EffectKind Kind => EffectKind.Reads;
}

/// <summary>Changes the world, and after a crash finds out whether it did.</summary>
public abstract class MutatingActivity : EffectActivity
{
    private protected MutatingActivity()
    {
    }

    /// <summary>
    /// What makes two executions of this step the same effect; defaults to run and step number, which a repetition of the
    /// step shares and nothing else does.
    /// </summary>
    protected internal virtual string IdempotencyKey(EffectContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return $"{context.RunId}/{context.StepNumber}";
    }

    /// <summary>
    /// What a dry run takes for the outcome of this step, which it does not execute: by default the first outcome, and for
    /// each output the default of its type. To be overridden where that would send a runbook the wrong way.
    /// </summary>
    protected internal virtual EffectResult.Done Predict(PredictionContext context)
    {
        var outputs = new JsonObject();
        foreach (var output in Outputs)
        {
            var empty = output.ValueType.IsValueType ? RuntimeHelpers.GetUninitializedObject(output.ValueType) : null;
            outputs[output.Name] = empty is null ? null : JsonSerializer.SerializeToNode(empty, output.ValueType, ValueConversion.Json);
        }

        return new EffectResult.Done(outputs, Descriptor.Outcomes is [var first, ..] ? first : "Done");
    }

    /// <summary>Observes the world and tells whether this step has happened. Changes nothing.</summary>
    protected internal abstract Task<Reconciliation> ReconcileAsync(EffectContext context);

    /// <summary>Waits for an effect that was found in progress. By default it is performed again, which joins it.</summary>
    protected internal virtual Task<EffectResult> JoinAsync(EffectContext context) => PerformAsync(context);
}

/// <summary>Changes the world and can undo it.</summary>
public abstract class ChangeActivity : MutatingActivity
{
    public sealed override EffectKind Kind => EffectKind.Changes;

    /// <summary>
    /// Undoes a step that has happened. Observes first: the world may have moved on. May be called again after a crash, and
    /// must then find out that it is done.
    /// </summary>
    protected internal abstract Task<UndoResult> UndoAsync(EffectContext context);
}

/// <summary>Changes the world and has no undo.</summary>
public abstract class IrreversibleActivity : MutatingActivity
{
    public sealed override EffectKind Kind => EffectKind.Irreversible;

    /// <summary>Why there is no undo; shown in the run's history.</summary>
    public abstract string NoUndoReason { get; }
}
