using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quartz;
using Runbooks.Messaging.Settings;

namespace Runbooks.Messaging.Schedules;

/// <summary>
/// Makes the stored schedules those of the configuration, before the scheduler starts. One that has not changed is left
/// alone, so that what was missed while no server ran is seen as missed, and made good once.
/// </summary>
internal sealed partial class ScheduleSynchronizer(
    ISchedulerFactory schedulers,
    MessagingSettings settings,
    ILogger<ScheduleSynchronizer> logger) : IHostedLifecycleService
{
    public const string Group = "schedules";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var scheduler = await schedulers.GetScheduler(cancellationToken);
        foreach (var schedule in settings.Schedules)
        {
            var key = new JobKey(schedule.Name, Group);
            var text = JsonSerializer.Serialize(schedule);
            if (await IsStoredAsync(scheduler, key, text, cancellationToken))
            {
                continue;
            }

            var job = JobBuilder.Create<StartRunJob>().WithIdentity(key).RequestRecovery().UsingJobData(StartRunJob.ScheduleKey, text).Build();
            await scheduler.ScheduleJob(job, [Trigger(schedule)], ScheduleJobOptions.Replacing, cancellationToken);
            LogStored(schedule.Name, schedule.Cron ?? $"every {schedule.Every}", schedule.Runbook);
        }

        var wanted = settings.Schedules.Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var key in await scheduler.GetJobKeys(GroupMatcher<JobKey>.GroupEquals(Group), cancellationToken))
        {
            if (!wanted.Contains(key.Name))
            {
                await scheduler.DeleteJob(key, cancellationToken);
                LogRemoved(key.Name);
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>A server that is about to stop fires nothing any more, before anything else stops; the other servers do.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        var scheduler = await schedulers.GetScheduler(cancellationToken);
        await scheduler.Standby(cancellationToken);
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>A time that was missed is made good by one start, however often it was missed.</summary>
    internal static ITrigger Trigger(Schedule schedule)
    {
        var trigger = TriggerBuilder.Create().WithIdentity(schedule.Name, Group).StartNow();
        return schedule.Cron is { } cron
            ? trigger.WithCronSchedule(cron, c => c.InTimeZone(TimeZoneInfo.Utc).WithMisfireInstruction(CronTriggerMisfireInstruction.FireAndProceed)).Build()
            : trigger.WithSimpleSchedule(s => s
                .WithInterval(schedule.Every!.Value)
                .RepeatForever()
                .WithMisfireInstruction(SimpleTriggerMisfireInstruction.NowWithExistingCount)).Build();
    }

    private static async Task<bool> IsStoredAsync(IScheduler scheduler, JobKey key, string text, CancellationToken cancellationToken)
    {
        var trigger = new TriggerKey(key.Name, Group);
        return await scheduler.GetJobDetail(key, cancellationToken) is { } stored
            && stored.JobDataMap.TryGetValue(StartRunJob.ScheduleKey, out var before)
            && string.Equals(before as string, text, StringComparison.Ordinal)
            && await scheduler.GetTrigger(trigger, cancellationToken) is not null
            && await scheduler.GetTriggerState(trigger, cancellationToken) is not (TriggerState.Error or TriggerState.Complete);
    }

    [LoggerMessage(5040, LogLevel.Information, "Schedule {Schedule}: {When}, runbook {Runbook}")]
    private partial void LogStored(string schedule, string when, string runbook);

    [LoggerMessage(5041, LogLevel.Information, "Schedule {Schedule} is no longer configured; removed")]
    private partial void LogRemoved(string schedule);
}
