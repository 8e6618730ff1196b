using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Compensation;

/// <summary>
/// All or nothing for a part of a workflow: when something in the body fails, what the body has done is undone, last first.
/// Then the failure goes on outward, or, when the workflow wants to go on, the scope is left by <c>Undone</c>.
/// </summary>
[Activity("Runbooks", "Compensation", "All or nothing: when the body fails, what it has done is undone.", DisplayName = "Transaction scope")]
[FlowNode("Done", "Undone")]
public sealed class TransactionScope : Activity
{
    [Input(Description = "After the body failed and was undone: leave by Undone instead of failing.", DefaultValue = false, UiHint = "checkbox", DisplayName = "Continue when undone")]
    public Input<bool> ContinueWhenUndone { get; } = new();

    [Output(Description = "Why the body failed; empty when it did not.")]
    public Output<string> Error { get; } = new();

    [Port]
    public Activity? Body { get; set; }

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        if (Body is null)
        {
            context.Complete();
        }
        else
        {
            _ = context.Schedule(Body);
        }

        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child)
    {
        context.Complete();
        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnPassEndedAsync(ActivityExecutionContext context)
    {
        var why = context.Execution.Error ?? "";
        context.Set(Error, why);
        if (context.Get(ContinueWhenUndone))
        {
            context.Complete("Undone");
        }
        else
        {
            context.Fault($"{why} What was done in it is undone.", Enum.Parse<RunStatus>(context.State["leadsTo"]!.GetValue<string>()));
        }

        return ValueTask.CompletedTask;
    }
}
