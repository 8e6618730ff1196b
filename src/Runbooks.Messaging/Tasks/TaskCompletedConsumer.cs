using MassTransit;
using Microsoft.Extensions.Logging;
using Runbooks.Messaging.Contracts;
using Runbooks.Messaging.Events;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Runs;

namespace Runbooks.Messaging.Tasks;

/// <summary>Takes reports of agents that tasks are done. One that nobody can act on is parked with the reason.</summary>
internal sealed partial class TaskCompletedConsumer(TaskDesk desk, ILogger<TaskCompletedConsumer> logger) : IConsumer<TaskCompleted>
{
    public async Task Consume(ConsumeContext<TaskCompleted> context)
    {
        var message = context.Message;
        if (string.IsNullOrEmpty(message.TaskId))
        {
            throw new UnusableEventException($"A task report from '{message.Source}' has no taskId. Send the taskId that came with the task.");
        }

        switch (await desk.CompleteAsync(message.TaskId, message.Result?.DeepClone(), $"bus:{message.Source ?? "unknown"}", context.CancellationToken))
        {
            case TaskAnswer.Completed completed:
                LogDone(message.TaskId, completed.RunId, message.Source ?? "unknown");
                break;
            case TaskAnswer.OtherResult other:
                throw new UnusableEventException($"Task {message.TaskId} of run {other.RunId} was reported done before, with another result; that one counts.");
            case TaskAnswer.TooLate late:
                throw new UnusableEventException($"Task {message.TaskId} comes too late: run {late.Run.Id} is {late.Run.Status} and does not wait for it.");
            default:
                throw new UnusableEventException($"There is no task {message.TaskId}. Send the taskId that came with the task.");
        }
    }

    [LoggerMessage(5008, LogLevel.Information, "Task {TaskId} of run {RunId} was reported done by {Source}")]
    private partial void LogDone(string taskId, RunId runId, string source);
}
