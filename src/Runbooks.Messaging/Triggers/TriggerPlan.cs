using System.Globalization;
using Quartz;

namespace Runbooks.Messaging.Triggers;

/// <summary>
/// How triggers lie in the scheduler: one job for each, and for the next planned time a trigger of the scheduler's own that
/// fires once. The job itself remembers the next planned time too, so that one whose firing went wrong is planned again.
/// </summary>
internal static class TriggerPlan
{
    public const string Group = "triggers";

    /// <summary>In the job's data: the <see cref="TriggerSpec"/>.</summary>
    public const string Spec = "trigger";

    /// <summary>In the job's data: the planned time that is dealt with next; empty when there is none.</summary>
    public const string Planned = "planned";

    /// <summary>In the data of one firing: the planned time waits for an open run to end.</summary>
    public const string Queued = "queued";

    public static JobKey KeyOf(TriggerSpec spec) => new($"{spec.DefinitionId}/{spec.NodeId}", Group);

    /// <summary>Plans a firing. Planning the same again changes nothing.</summary>
    /// <param name="scheduler">Where.</param>
    /// <param name="job">The trigger's job.</param>
    /// <param name="planned">The planned time that it is about.</param>
    /// <param name="at">When to look at it.</param>
    /// <param name="queued">Whether it waits for an open run to end.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task PlanAsync(IScheduler scheduler, JobKey job, DateTimeOffset planned, DateTimeOffset at, bool queued, CancellationToken cancellationToken)
    {
        var trigger = TriggerBuilder.Create()
            .WithIdentity($"{job.Name}@{Text(planned)}{(queued ? $"#{Text(at)}" : "")}", Group)
            .ForJob(job)
            .UsingJobData(Planned, Text(planned))
            .UsingJobData(Queued, queued ? "true" : "false")
            .StartAt(at)
            .WithSimpleSchedule(s => s.WithMisfireInstruction(SimpleTriggerMisfireInstruction.FireNow))
            .Build();
        await scheduler.ScheduleTrigger(trigger, TriggerConflict.Keep, cancellationToken);
    }

    /// <summary>The same text on every server: it is part of the run's idempotency key.</summary>
    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static DateTimeOffset? Time(object? text) =>
        DateTimeOffset.TryParse(text as string, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
