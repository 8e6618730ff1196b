using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal;

namespace Runbooks.Workflows.Events;

/// <summary>
/// Publishes an event. It goes out with the commit that records this step, at least once; its id is made from run and step,
/// so that it is one event however often it is delivered.
/// </summary>
[Activity("Elsa", "Primitives", "Publishes an event to the runs that wait for it, or will.")]
public sealed class PublishEvent : CodeActivity
{
    [Input(Description = "The name of the event, such as host-repaired.", Required = true)]
    public Input<string> EventName { get; } = new();

    [Input(Description = "Only runs with this correlation id, or with none, take it.")]
    public Input<string> CorrelationId { get; } = new();

    [Input(Description = "Only this run takes it.", DefaultValue = false, UiHint = "checkbox", DisplayName = "Local event")]
    public Input<bool> IsLocalEvent { get; } = new();

    [Input(Description = "What it brings.", UiHint = "multiline")]
    public Input<JsonNode> Payload { get; } = new();

    protected override ValueTask RunAsync(ActivityExecutionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var name = context.Get(EventName) is { Length: > 0 and <= WorkflowEvent.LongestName } given
            ? given
            : throw new FaultException($"PublishEvent has no eventName, or one of more than {WorkflowEvent.LongestName} characters. Give it a name such as host-repaired.");
        context.Send(new OutgoingMessage(RunMessages.PublishEvent, new JsonObject
        {
            ["id"] = $"run:{context.RunId}/{context.Execution.Number}",
            ["name"] = name,
            ["correlationId"] = context.Get(CorrelationId) is { Length: > 0 } correlation ? correlation : null,
            ["runId"] = context.Get(IsLocalEvent) ? context.RunId : null,
            ["payload"] = context.Get(Payload)?.DeepClone(),
            ["actor"] = $"run:{context.RunId}",
        }));
        return ValueTask.CompletedTask;
    }

    /// <summary>The event in a message of the outbox; null when it can't be read.</summary>
    public static WorkflowEvent? Read(JsonObject body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return (string?)body["id"] is { } id && (string?)body["name"] is { } name
            ? new WorkflowEvent(id, EventKeys.OfEvent(name), body["payload"]?.DeepClone(), (string?)body["actor"] ?? "run")
            {
                CorrelationId = (string?)body["correlationId"],
                RunId = Runs.RunId.TryParse((string?)body["runId"], out var run) ? run : null,
            }
            : null;
    }
}
