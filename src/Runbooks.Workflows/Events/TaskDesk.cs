using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Events;

/// <summary>The answer to a report that a task is done.</summary>
public abstract record TaskAnswer
{
    private TaskAnswer()
    {
    }

    /// <summary>The run goes on, now or by an earlier report with the same result.</summary>
    public sealed record Completed(RunId RunId, bool Repeated) : TaskAnswer;

    /// <summary>It was reported done before, with another result; that one counts.</summary>
    public sealed record OtherResult(RunId RunId) : TaskAnswer;

    /// <summary>There is no such task.</summary>
    public sealed record Unknown : TaskAnswer;

    /// <summary>Its run does not wait for it any more.</summary>
    public sealed record TooLate(Run Run) : TaskAnswer;
}

/// <summary>Where agents report tasks done.</summary>
public sealed class TaskDesk(IRunStore runs, IEventStore events, IWorkSignal signal)
{
    /// <summary>Completes a task. Reporting it again with the same result changes nothing.</summary>
    public async Task<TaskAnswer> CompleteAsync(string taskId, JsonNode? result, string actor, CancellationToken cancellationToken)
    {
        var key = EventKeys.OfTask(taskId);
        if (taskId.Length > WorkflowEvent.LongestId - 10 || TaskIds.RunOf(taskId) is not { } id || await runs.FindAsync(id, cancellationToken) is not { } run)
        {
            return new TaskAnswer.Unknown();
        }

        // A task is known to agents only after its bookmark is committed: what finds none comes too late, and is not kept.
        var done = new WorkflowEvent(key, key, result, actor) { RunId = id, KeepFor = TimeSpan.Zero };
        var receipt = await events.PublishAsync(done, 0, cancellationToken);
        signal.Raise();
        if (receipt.Repeated)
        {
            var before = await events.FindEventAsync(key, cancellationToken);
            return before is null || JsonNode.DeepEquals(before.Payload, result) ? new TaskAnswer.Completed(id, Repeated: true) : new TaskAnswer.OtherResult(id);
        }

        return receipt.Woken.Count > 0 ? new TaskAnswer.Completed(id, Repeated: false) : new TaskAnswer.TooLate(run);
    }
}
