using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Compensation;

/// <summary>What Compensate and Confirm share: finding what they are about, and doing one after the other, last completed first.</summary>
public abstract class CompensationActivity : Activity
{
    [Input(Description = "The token of a compensable activity, or its name: then each of its completed executions, the last one first. Empty: everything in the body that this handler belongs to.")]
    public Input<JsonNode> Target { get; } = new();

    private protected abstract PassMode Mode { get; }

    protected internal sealed override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var target = context.Get(Target);
        if (target is null || (target is JsonValue empty && empty.ToString().Length == 0))
        {
            var handler = context.Memory.FromInside(context.Execution).FirstOrDefault(e => e.Role != HandlerRole.None)
                ?? throw new FaultException($"{Descriptor.DisplayName} without a target is only possible inside a handler of a compensable activity. Name the target: a token or the name of a compensable activity.");
            context.BeginPass(context.Memory.ParentOf(handler)!, includesScope: false, Mode);
            return ValueTask.CompletedTask;
        }

        context.State["targets"] = new JsonArray([.. Find(context, target).Select(n => JsonValue.Create(n))]);
        return Next(context);
    }

    protected internal sealed override ValueTask OnPassEndedAsync(ActivityExecutionContext context) => Next(context);

    private static IEnumerable<long> Find(ActivityExecutionContext context, JsonNode target)
    {
        if (target is JsonObject token)
        {
            if (token["step"] is JsonValue v && v.TryGetValue<long>(out var number) && context.Memory.Find(number) is { Status: ActivityStatus.Completed })
            {
                return [number];
            }

            throw new FaultException($"The target {target.ToJsonString()} is not the token of a compensable activity that has completed in this run.");
        }

        var name = target.ToString();
        return context.Memory.Definition.ByNodeId.Values.Any(a => a is CompensableActivity && IsCalled(a.Id, a.Name, name))
            ? [.. context.Memory.LastCompletedFirst.Where(e => e.Status == ActivityStatus.Completed && IsCalled(e.ActivityId, e.ActivityName, name)).Select(e => e.Number)]
            : throw new FaultException($"There is no compensable activity '{name}' in this workflow. There are: {Known(context)}.");
    }

    private static bool IsCalled(string id, string activityName, string name) =>
        string.Equals(id, name, StringComparison.Ordinal) || string.Equals(activityName, name, StringComparison.Ordinal);

    private static string Known(ActivityExecutionContext context)
    {
        var names = context.Memory.Definition.ByNodeId.Values.OfType<CompensableActivity>().Select(a => a.Name).ToArray();
        return names.Length == 0 ? "none" : string.Join(", ", names);
    }

    /// <summary>The next target that is still open; one that was compensated or confirmed before has nothing left to do.</summary>
    private ValueTask Next(ActivityExecutionContext context)
    {
        var targets = context.State["targets"] as JsonArray ?? [];
        if (targets.Count == 0)
        {
            context.Complete();
            return ValueTask.CompletedTask;
        }

        var step = context.Memory.Execution(targets[0]!.GetValue<long>());
        targets.RemoveAt(0);
        if (Mode == PassMode.Undo && step.Undo == UndoState.Confirmed)
        {
            throw new FaultException($"'{step.ActivityName}' was confirmed and can't be compensated any more.");
        }

        if (Mode == PassMode.Confirm && step.Undo == UndoState.Undone)
        {
            throw new FaultException($"'{step.ActivityName}' was compensated and can't be confirmed any more.");
        }

        context.BeginPass(step, includesScope: true, Mode);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Undoes a compensable activity now.</summary>
[Activity("Runbooks", "Compensation", "Undoes a compensable activity now: by its compensation handler, or step by step.")]
public sealed class Compensate : CompensationActivity
{
    private protected override PassMode Mode => PassMode.Undo;
}

/// <summary>Makes a compensable activity final.</summary>
[Activity("Runbooks", "Compensation", "Makes a compensable activity final: it will not be undone any more.")]
public sealed class Confirm : CompensationActivity
{
    private protected override PassMode Mode => PassMode.Confirm;
}
