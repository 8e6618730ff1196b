using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quartz;
using Runbooks.Workflows.Definitions;

namespace Runbooks.Messaging.Triggers;

/// <summary>
/// Makes the planned triggers those of the live definitions: before the scheduler starts, and whenever the definitions
/// change. One that has not changed is left alone, so that what it missed is seen as missed.
/// </summary>
internal sealed partial class TriggerSynchronizer(
    ISchedulerFactory schedulers,
    DefinitionCatalog catalog,
    TimeProvider clock,
    ILogger<TriggerSynchronizer> logger) : IHostedService, IDisposable
{
    /// <summary>The database may be away for a moment, or a firing in the way.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim one = new(1);
    private readonly CancellationTokenSource stopping = new();

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await SynchronizeAsync(cancellationToken);
        catalog.Changed += OnChanged;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        catalog.Changed -= OnChanged;
        await stopping.CancelAsync();
    }

    public void Dispose()
    {
        one.Dispose();
        stopping.Dispose();
    }

    private void OnChanged(object? sender, EventArgs e) => _ = Task.Run(
        async () =>
        {
            while (!stopping.IsCancellationRequested)
            {
                try
                {
                    await SynchronizeAsync(stopping.Token);
                    return;
                }
                catch (Exception problem) when (!stopping.IsCancellationRequested)
                {
                    LogFailed(problem.GetBaseException().Message);
                    await Task.Delay(Again, clock, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
        },
        stopping.Token);

    private async Task SynchronizeAsync(CancellationToken cancellationToken)
    {
        await one.WaitAsync(cancellationToken);
        try
        {
            var scheduler = await schedulers.GetScheduler(cancellationToken);
            var wanted = catalog.Triggers.All.Select(TriggerSpec.Of).OfType<TriggerSpec>().ToDictionary(TriggerPlan.KeyOf);
            foreach (var (key, spec) in wanted)
            {
                await PutAsync(scheduler, key, spec, cancellationToken);
            }

            foreach (var key in await scheduler.GetJobKeys(GroupMatcher<JobKey>.GroupEquals(TriggerPlan.Group), cancellationToken))
            {
                if (!wanted.ContainsKey(key))
                {
                    await scheduler.DeleteJob(key, cancellationToken);
                    LogRemoved(key.Name);
                }
            }
        }
        finally
        {
            _ = one.Release();
        }
    }

    private async Task PutAsync(IScheduler scheduler, JobKey key, TriggerSpec spec, CancellationToken cancellationToken)
    {
        var text = spec.ToText();
        if (await scheduler.GetJobDetail(key, cancellationToken) is { } stored
            && stored.JobDataMap.TryGetValue(TriggerPlan.Spec, out var before) && string.Equals(before as string, text, StringComparison.Ordinal))
        {
            // Its server died, or the database was away, between two firings: the time that was not dealt with is planned again.
            if (stored.JobDataMap.TryGetValue(TriggerPlan.Planned, out var left) && TriggerPlan.Time(left) is { } planned
                && (await scheduler.GetTriggersOfJob(key, cancellationToken)).Count == 0)
            {
                await TriggerPlan.PlanAsync(scheduler, key, planned, planned, queued: false, cancellationToken);
            }

            return;
        }

        var timing = spec.Timing();
        var first = timing.NextAfter(clock.GetUtcNow());
        await scheduler.DeleteJob(key, cancellationToken);
        var job = JobBuilder.Create<FireTriggerJob>().WithIdentity(key).StoreDurably().RequestRecovery()
            .UsingJobData(TriggerPlan.Spec, text)
            .UsingJobData(TriggerPlan.Planned, first is { } time ? TriggerPlan.Text(time) : "")
            .Build();
        await scheduler.AddJob(job, AddJobOptions.Replacing, cancellationToken);
        if (first is not { } next)
        {
            LogOver(spec.DefinitionId, spec.NodeId, timing.ToString()!);
            return;
        }

        await TriggerPlan.PlanAsync(scheduler, key, next, next, queued: false, cancellationToken);
        LogStored(spec.DefinitionId, spec.NodeId, timing.ToString()!, TriggerPlan.Text(next));
    }

    [LoggerMessage(5060, LogLevel.Information, "Runbook {Runbook} is started by trigger {Node} {When}, next at {Next}")]
    private partial void LogStored(string runbook, string node, string when, string next);

    [LoggerMessage(5061, LogLevel.Information, "Trigger {Trigger} is no longer part of a live runbook; removed")]
    private partial void LogRemoved(string trigger);

    [LoggerMessage(5062, LogLevel.Warning, "Runbook {Runbook}: trigger {Node} fires {When}, which has passed; it starts nothing")]
    private partial void LogOver(string runbook, string node, string when);

    [LoggerMessage(5063, LogLevel.Warning, "The triggers of the changed runbooks could not be planned yet; it is tried again. {Problem}")]
    private partial void LogFailed(string problem);
}
