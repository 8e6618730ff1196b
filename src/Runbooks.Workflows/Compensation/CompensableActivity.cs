using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.Compensation;

/// <summary>
/// A body and how to undo it, as in Windows Workflow. When its body has completed, it can be compensated or confirmed: by the
/// activities of these names, or by the run itself when it fails, is cancelled or finishes.
/// </summary>
/// <remarks>
/// With a compensation handler, that handler answers for everything inside the body: the steps in it are not undone by
/// themselves, unless the handler contains a <see cref="Compensate"/> without a target. Without one, the steps in the body are
/// undone one by one, last first. The same holds for the cancellation handler, which runs when the body did not complete.
/// </remarks>
[Activity("Runbooks", "Compensation", "Runs a body and keeps how to undo it: a compensation, a confirmation and a cancellation handler.", DisplayName = "Compensable activity")]
public sealed class CompensableActivity : Activity
{
    [Output(Description = "Names this execution for Compensate and Confirm; put it into a variable.")]
    public Output<JsonNode> Token { get; } = new();

    [Port]
    public Activity? Body { get; set; }

    /// <summary>Undoes a body that has completed.</summary>
    [Port]
    public Activity? CompensationHandler { get; set; }

    /// <summary>Makes a body final: runs when the run finishes, or by Confirm.</summary>
    [Port]
    public Activity? ConfirmationHandler { get; set; }

    /// <summary>Undoes a body that was interrupted by a failure or a cancellation.</summary>
    [Port]
    public Activity? CancellationHandler { get; set; }

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        if (Body is null)
        {
            return End(context);
        }

        _ = context.Schedule(Body);
        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child) => End(context);

    private ValueTask End(ActivityExecutionContext context)
    {
        context.Set(Token, new JsonObject { ["step"] = context.Execution.Number });
        context.Complete();
        return ValueTask.CompletedTask;
    }
}
