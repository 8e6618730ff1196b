using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Triggers.Cron;

namespace Runbooks.Workflows.Triggers;

/// <summary>An activity that waits for a time. The due time is stored with the run, so it passes whoever is alive.</summary>
public abstract class TimeTrigger : TriggerActivity
{
    /// <summary>Until when a run waits that has come here now; null: not at all.</summary>
    /// <param name="context">The step.</param>
    /// <param name="now">The present by the store's clock, by which the wait will end.</param>
    protected abstract DateTimeOffset? Until(ActivityExecutionContext context, DateTimeOffset now);

    protected sealed override ValueTask WaitAsync(ActivityExecutionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var now = context.StoreNow;
        if (Until(context, now) is { } due && due > now)
        {
            _ = context.CreateBookmark(due);
        }
        else
        {
            context.Complete();
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>Starts runs at an interval; in the middle of a run it waits that long.</summary>
[Activity("Elsa", "Scheduling", "Starts runs every so often, or waits that long in the middle of a run.")]
public sealed class Timer : TimeTrigger
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    [Input(Description = "How often, such as 00:01:00; at least one second where it starts runs.", DefaultValue = "00:01:00")]
    public Input<TimeSpan> Interval { get; } = new();

    protected override Input Subject => Interval;

    internal override TriggerSource Source()
    {
        var interval = Plain(Interval);
        return !StartsRuns || interval >= Shortest
            ? new TriggerSource.OnTime(new TriggerTiming.Every(interval))
            : throw new FormatException($"'interval' is {interval}; runs are started at most once a second.");
    }

    protected override DateTimeOffset? Until(ActivityExecutionContext context, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(context);
        return now + context.Get(Interval);
    }
}

/// <summary>Starts runs by a cron expression; in the middle of a run it waits for the next time that fits.</summary>
[Activity("Elsa", "Scheduling", "Starts runs by a cron expression, or waits for its next time in the middle of a run.", TypeName = "Cron")]
public sealed class CronTrigger : TimeTrigger
{
    [Input(Description = "Minutes, hours, day of month, month, day of week, such as 0 2 * * MON-FRI; with seconds in front when there are six fields.", Required = true)]
    public Input<string> CronExpression { get; } = new();

    protected override Input Subject => CronExpression;

    internal override TriggerSource Source() => new TriggerSource.OnTime(Timing(Plain(CronExpression)));

    protected override DateTimeOffset? Until(ActivityExecutionContext context, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Timing(context.Get(CronExpression)).NextAfter(now);
    }

    private TriggerTiming.ByCron Timing(string? expression)
    {
        try
        {
            return new TriggerTiming.ByCron(expression ?? "", TimeZone);
        }
        catch (FormatException e)
        {
            throw new FormatException($"'cronExpression' is '{expression}'. {e.Message}", e);
        }
    }
}

/// <summary>Starts one run at a given time; in the middle of a run it waits for it, and not at all when it has passed.</summary>
[Activity("Elsa", "Scheduling", "Starts one run at a given time, or waits for it in the middle of a run.")]
public sealed class StartAt : TimeTrigger
{
    [Input(Description = "When, such as 2026-01-31T10:00:00Z; without an offset it is UTC.", Required = true)]
    public Input<DateTimeOffset> DateTime { get; } = new();

    protected override Input Subject => DateTime;

    internal override TriggerSource Source() => new TriggerSource.OnTime(new TriggerTiming.Once(Plain(DateTime)));

    protected override DateTimeOffset? Until(ActivityExecutionContext context, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Get(DateTime);
    }
}
