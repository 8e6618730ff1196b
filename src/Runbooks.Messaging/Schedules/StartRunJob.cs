using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Quartz;
using Runbooks.Messaging.Settings;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Messaging.Schedules;

/// <summary>
/// Starts the runbook of a schedule. The planned time is part of the run's idempotency key: a firing that two servers
/// carry out, or that is carried out again after a crash, is one run.
/// </summary>
[DisallowConcurrentExecution]
internal sealed partial class StartRunJob(IRunStarter starter, IRunStore runs, ILogger<StartRunJob> logger) : IJob
{
    /// <summary>Under which the schedule lies in the job's data, as JSON.</summary>
    public const string ScheduleKey = "schedule";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        var schedule = JsonSerializer.Deserialize<Schedule>((string)context.MergedJobDataMap[ScheduleKey]!)!;
        var startedBy = $"schedule:{schedule.Name}";
        if (schedule.WhenBusy == WhenBusy.Skip && await OpenRunAsync(schedule.Runbook, startedBy, cancellationToken) is { } open)
        {
            LogBusy(schedule.Name, open.Id, open.Status);
            return;
        }

        var planned = PlannedTime(context).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var wish = new StartRequest(schedule.Runbook, schedule.Input, startedBy, IdempotencyKey: $"{startedBy}:{planned}");
        switch (await starter.StartAsync(wish, cancellationToken))
        {
            case StartAnswer.Accepted { AlreadyThere: false } accepted:
                LogStarted(schedule.Name, schedule.Runbook, accepted.RunId);
                break;
            case StartAnswer.Refused refused:
                LogRefused(schedule.Name, refused.Reason);
                break;
            case StartAnswer.UnknownRunbook:
                LogUnknown(schedule.Name, schedule.Runbook);
                break;
            case StartAnswer.Invalid invalid:
                LogInvalid(schedule.Name, schedule.Runbook, string.Join(" ", invalid.Problems.Select(p => $"{p.Field}: {p.Message}")));
                break;
        }
    }

    private async Task<Run?> OpenRunAsync(string runbook, string startedBy, CancellationToken cancellationToken)
    {
        var filter = new RunFilter { DefinitionId = runbook, OnlyOpen = true, Limit = RunFilter.HighestLimit };
        return (await runs.ListAsync(filter, cancellationToken)).FirstOrDefault(r => r.StartedBy == startedBy);
    }

    /// <summary>The time that the schedule meant, also when another server had begun with it and died.</summary>
    private static DateTimeOffset PlannedTime(IJobExecutionContext context) =>
        context.Recovering
        && context.MergedJobDataMap.TryGetValue(SchedulerConstants.FailedJobOriginalTriggerScheduledFireTime, out var original)
        && DateTimeOffset.TryParse(original as string, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var planned)
            ? planned
            : context.ScheduledFireTimeUtc ?? context.FireTimeUtc;

    [LoggerMessage(5030, LogLevel.Information, "Schedule {Schedule} started runbook {Runbook} as run {RunId}")]
    private partial void LogStarted(string schedule, string runbook, RunId runId);

    [LoggerMessage(5031, LogLevel.Information, "Schedule {Schedule} was skipped: its run {RunId} is still {Status}")]
    private partial void LogBusy(string schedule, RunId runId, RunStatus status);

    [LoggerMessage(5034, LogLevel.Information, "Schedule {Schedule} was skipped. {Reason}")]
    private partial void LogRefused(string schedule, string reason);

    [LoggerMessage(5032, LogLevel.Error, "Schedule {Schedule} starts runbook '{Runbook}', which is not published. Publish it, or change Schedules in the configuration.")]
    private partial void LogUnknown(string schedule, string runbook);

    [LoggerMessage(5033, LogLevel.Error, "Schedule {Schedule} cannot start runbook '{Runbook}': {Problems} Change the input in Schedules in the configuration.")]
    private partial void LogInvalid(string schedule, string runbook, string problems);
}
