using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Triggers;

namespace Runbooks.Workflows.Events;

/// <summary>Waits for an event of a name, or starts a run when one comes. Events that come before it are kept for it.</summary>
[Activity("Elsa", "Primitives", "Waits for an event, or starts a run when one comes; Result is what it brings.", TypeName = "Event", DisplayName = "Event")]
public sealed class WaitForEvent : TriggerActivity
{
    [Input(Description = "The name of the event, such as host-repaired. Upper and lower case differ.", Required = true)]
    public Input<string> EventName { get; } = new();

    [Output(Description = "What the event brings.")]
    public Output<JsonNode> Result { get; } = new();

    protected override Input Subject => EventName;

    internal override TriggerSource Source() => Plain(EventName) is { Length: > 0 and <= WorkflowEvent.LongestName } name
        ? new TriggerSource.OnEvent(name)
        : throw new FormatException($"'eventName' is empty, or longer than {WorkflowEvent.LongestName} characters.");

    protected override ValueTask WaitAsync(ActivityExecutionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var name = context.Get(EventName) is { Length: > 0 } given ? given : throw new FaultException("Event has no eventName, so nothing could ever wake it. Give it one.");
        _ = context.CreateBookmark(null, null, EventKeys.OfEvent(name), context.CorrelationId);
        return ValueTask.CompletedTask;
    }

    protected override void Take(ActivityExecutionContext context, JsonNode? payload)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Set(Result, payload?.DeepClone());
    }
}
