using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal;

namespace Runbooks.Workflows.Events;

/// <summary>Asks somebody outside to do something, and waits until it is reported done.</summary>
[Activity("Elsa", "Primitives", "Asks an agent outside to do a task, and waits until it is reported done; Result is what it reports.")]
public sealed class RunTask : Activity
{
    [Input(Description = "What is to be done; agents know it by this name.", Required = true)]
    public Input<string> TaskName { get; } = new();

    [Input(Description = "What the agent needs for it.", UiHint = "multiline")]
    public Input<JsonNode> Payload { get; } = new();

    [Output(Description = "The id under which the task is reported done.")]
    public Output<string> TaskId { get; } = new();

    [Output(Description = "What was reported.")]
    public Output<JsonNode> Result { get; } = new();

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        var name = context.Get(TaskName) is { Length: > 0 } given ? given : throw new FaultException("RunTask has no taskName, so no agent could know what to do. Give it one.");
        var id = TaskIds.Of(context.NextBookmarkId);
        _ = context.CreateBookmark(null, new JsonObject { ["taskName"] = name }, EventKeys.OfTask(id));
        context.Set(TaskId, id);
        context.Send(new OutgoingMessage(RunMessages.RunTask, new JsonObject
        {
            ["taskId"] = id,
            ["taskName"] = name,
            ["payload"] = context.Get(Payload)?.DeepClone(),
            ["runId"] = context.RunId,
            ["runbook"] = context.RunbookId,
            ["correlationId"] = context.CorrelationId,
        }));
        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnResumedAsync(ActivityExecutionContext context, Runs.Bookmark bookmark, JsonNode? input)
    {
        context.Set(Result, input?.DeepClone());
        context.Complete();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Ids of tasks: made from the bookmark that waits, so that executing the step again after a crash makes the same.</summary>
public static class TaskIds
{
    /// <summary>The id of the task that a bookmark waits for; fit for a path of a URL.</summary>
    public static string Of(string bookmarkId)
    {
        ArgumentNullException.ThrowIfNull(bookmarkId);
        return bookmarkId.Replace('/', '.');
    }

    /// <summary>The run that waits for a task; null when the id is not that of a task.</summary>
    public static Runs.RunId? RunOf(string taskId)
    {
        ArgumentNullException.ThrowIfNull(taskId);
        return taskId.Split('.') is [var run, _, _] && Runs.RunId.TryParse(run, out var id) ? id : null;
    }
}
