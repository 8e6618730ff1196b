using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Quartz;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Triggers;

namespace Runbooks.Messaging.Triggers;

/// <summary>
/// Starts runs for the planned times of a trigger that are due, and plans the next. The planned time is part of the run's
/// idempotency key: fired by two servers, or again after a crash, it is one run.
/// </summary>
[DisallowConcurrentExecution]
[PersistJobDataAfterExecution]
internal sealed partial class FireTriggerJob(IRunStarter starter, IRunStore runs, TimeProvider clock, ILogger<FireTriggerJob> logger) : IJob
{
    /// <summary>How soon a planned time that waits for an open run, or for the database, is looked at again.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(5);

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        var data = context.MergedJobDataMap;
        var spec = TriggerSpec.Parse((string)data[TriggerPlan.Spec]!);
        if (TriggerPlan.Time(data[TriggerPlan.Planned]) is not { } planned)
        {
            return;
        }

        var job = context.JobDetail;
        job.JobDataMap[TriggerPlan.Planned] = TriggerPlan.Text(planned);
        var isQueued = data.TryGetValue(TriggerPlan.Queued, out var queued) && queued is "true";
        var step = new Step(planned, clock.GetUtcNow(), isQueued);
        try
        {
            step = await DealAsync(spec, planned, isQueued, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Nothing is lost by trying again: what was started is known by its key.
            LogFailed(spec.DefinitionId, spec.NodeId, TriggerPlan.Text(planned), e.Message);
            step = step with { At = clock.GetUtcNow() + Again };
        }

        job.JobDataMap[TriggerPlan.Planned] = step.Planned is { } next ? TriggerPlan.Text(next) : "";
        if (step.Planned is { } time && await context.Scheduler.Exists(job.Key, cancellationToken))
        {
            await TriggerPlan.PlanAsync(context.Scheduler, job.Key, time, step.At, step.Queued, cancellationToken);
        }
    }

    private async Task<Step> DealAsync(TriggerSpec spec, DateTimeOffset planned, bool queued, CancellationToken cancellationToken)
    {
        var timing = spec.Timing();
        DateTimeOffset? next = planned;
        if (queued)
        {
            if (!await StartAsync(spec, planned, cancellationToken))
            {
                return new Step(planned, clock.GetUtcNow() + Again, Queued: true);
            }

            next = timing.NextAfter(planned);
        }

        if (next is null)
        {
            return new Step(null, default, Queued: false);
        }

        var due = PlannedTimes.Decide(timing, next.Value, clock.GetUtcNow(), spec.Misfire);
        if (due.Missed)
        {
            LogMissed(spec.DefinitionId, spec.NodeId, TriggerPlan.Text(next.Value), spec.Misfire, due.Start.Count);
        }

        foreach (var time in due.Start)
        {
            if (!await StartAsync(spec, time, cancellationToken))
            {
                return new Step(time, clock.GetUtcNow() + Again, Queued: true);
            }
        }

        return new Step(due.Next, due.Next ?? default, Queued: false);
    }

    /// <summary>False when the planned time waits for an open run to end.</summary>
    private async Task<bool> StartAsync(TriggerSpec spec, DateTimeOffset planned, CancellationToken cancellationToken)
    {
        var time = TriggerPlan.Text(planned);
        var wish = new StartRequest(spec.DefinitionId, [], $"trigger:{spec.NodeId.Split(':')[^1]}", spec.KeyFor(time))
        {
            Trigger = new RunTrigger(spec.NodeId, new JsonObject { ["plannedFor"] = time }),
        };
        switch (await starter.StartAsync(wish, cancellationToken))
        {
            case StartAnswer.Accepted { AlreadyThere: false } accepted:
                LogStarted(spec.DefinitionId, spec.NodeId, time, accepted.RunId);
                return true;
            case StartAnswer.Refused refused when spec.WhenBusy == WhenBusy.Replace:
                var cancel = new Stimulus($"replaced:{wish.IdempotencyKey}", refused.OpenRun, StimulusKind.Cancel, null, null, wish.StartedBy, $"The run that was planned for {time} takes its place.");
                _ = await runs.SendAsync(cancel, cancellationToken);
                LogReplacing(spec.DefinitionId, spec.NodeId, time, refused.OpenRun);
                return false;
            case StartAnswer.Refused when spec.WhenBusy == WhenBusy.Queue:
                return false;
            case StartAnswer.Refused refused:
                LogBusy(spec.DefinitionId, spec.NodeId, time, refused.Reason);
                return true;
            case StartAnswer.UnknownRunbook:
                LogCannot(spec.DefinitionId, spec.NodeId, time, "The runbook is not published here.");
                return true;
            case StartAnswer.Invalid invalid:
                LogCannot(spec.DefinitionId, spec.NodeId, time, string.Join(" ", invalid.Problems.Select(p => $"{p.Field}: {p.Message}")));
                return true;
            default:
                return true;
        }
    }

    /// <summary>What is dealt with next, and when.</summary>
    private sealed record Step(DateTimeOffset? Planned, DateTimeOffset At, bool Queued);

    [LoggerMessage(5050, LogLevel.Information, "Runbook {Runbook}: trigger {Node}, planned for {Planned}, started run {RunId}")]
    private partial void LogStarted(string runbook, string node, string planned, RunId runId);

    [LoggerMessage(5051, LogLevel.Information, "Runbook {Runbook}: trigger {Node}, planned for {Planned}, was skipped. {Reason}")]
    private partial void LogBusy(string runbook, string node, string planned, string reason);

    [LoggerMessage(5052, LogLevel.Information, "Runbook {Runbook}: trigger {Node}, planned for {Planned}, replaces run {Open}, which is cancelled")]
    private partial void LogReplacing(string runbook, string node, string planned, RunId open);

    [LoggerMessage(5053, LogLevel.Error, "Runbook {Runbook}: trigger {Node}, planned for {Planned}, can't start it: {Problem}")]
    private partial void LogCannot(string runbook, string node, string planned, string problem);

    [LoggerMessage(5054, LogLevel.Warning, "Runbook {Runbook}: times of trigger {Node} from {Planned} on were missed; by its policy '{Policy}' it starts {Runs} runs now")]
    private partial void LogMissed(string runbook, string node, string planned, MisfirePolicy policy, int runs);

    [LoggerMessage(5055, LogLevel.Warning, "Runbook {Runbook}: trigger {Node}, planned for {Planned}, could not be dealt with and is tried again: {Problem}")]
    private partial void LogFailed(string runbook, string node, string planned, string problem);
}
