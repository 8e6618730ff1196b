using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>Marks where a flowchart starts.</summary>
[Activity("Elsa", "Flow", "Marks where the flowchart starts.")]
public sealed class Start : CodeActivity
{
    protected override ValueTask RunAsync(ActivityExecutionContext context) => ValueTask.CompletedTask;
}

/// <summary>Ends the container around it.</summary>
[Activity("Elsa", "Flow", "Ends the flowchart or sequence that it is in.")]
[Terminal]
public sealed class End : CodeActivity
{
    protected override ValueTask RunAsync(ActivityExecutionContext context) => ValueTask.CompletedTask;
}

/// <summary>Ends the whole run at once.</summary>
[Activity("Elsa", "Primitives", "Ends the run: nothing else of it is executed.")]
[Terminal]
public sealed class Finish : Activity
{
    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        context.Complete();
        context.FinishRun();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Stops the run with a message; what it has changed is undone.</summary>
[Activity("Elsa", "Primitives", "Stops the run with a message; what it has changed is undone.")]
[Terminal]
public sealed class Fault : Activity
{
    [Input(Description = "What is wrong and what to do, for the operator.", UiHint = "multiline")]
    public Input<string> Message { get; } = new();

    [Input(Description = "A code for programs.", DefaultValue = "0")]
    public Input<string> Code { get; } = new();

    [Input(Description = "Such as HTTP, Alteration or Azure.", DefaultValue = "General")]
    public Input<string> Category { get; } = new();

    [Input(Description = "System or Business.", DefaultValue = "System")]
    public Input<string> FaultType { get; } = new();

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context) =>
        throw new FaultException(context.Get(Message) ?? "The workflow reached a Fault activity that has no message.");
}

/// <summary>Writes a line into the run's journal and the log.</summary>
[Activity("Elsa", "Console", "Writes a line into the run's history and the server's log.")]
public sealed class WriteLine : CodeActivity
{
    [Input(Description = "The line.")]
    public Input<string> Text { get; } = new();

    protected override ValueTask RunAsync(ActivityExecutionContext context)
    {
        var text = context.Get(Text) ?? "";
        context.WriteJournal("Line", text);
        context.Logger.LogInformation("Run {Run}: {Line}", context.RunId, text);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Waits for a time. The due time is stored with the run, so it passes whoever is alive.</summary>
[Activity("Elsa", "Scheduling", "Waits for a time.")]
public sealed class Delay : Activity
{
    [Input(Description = "How long, such as 00:01:00.", DefaultValue = "00:01:00")]
    public Input<TimeSpan> TimeSpan { get; } = new();

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        _ = context.CreateBookmark(context.StoreNow + context.Get(TimeSpan));
        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnResumedAsync(ActivityExecutionContext context, Runs.Bookmark bookmark, JsonNode? input)
    {
        context.Complete();
        return ValueTask.CompletedTask;
    }
}
