using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Logging;

/// <summary>The words for people; one place, so that terminal and console say the same.</summary>
public static class RunWords
{
    public static string Of(RunStatus status) => status switch
    {
        RunStatus.Pending => "waiting for a worker",
        RunStatus.Executing => "running",
        RunStatus.Suspended => "waiting",
        RunStatus.Paused => "paused",
        RunStatus.Compensating => "undoing",
        RunStatus.Finished => "finished",
        RunStatus.Compensated => "compensated",
        RunStatus.Cancelled => "cancelled",
        RunStatus.NeedsAttention => "needs attention",
        RunStatus.Faulted => "faulted",
        _ => status.ToString(),
    };

    /// <summary>A duration as an operator would say it.</summary>
    public static string Span(TimeSpan span) => span switch
    {
        { TotalSeconds: < 10 } => $"{Math.Max(0, span.TotalSeconds):0.0} s",
        { TotalSeconds: < 60 } => $"{span.TotalSeconds:0} s",
        { TotalHours: < 1 } => $"{(int)span.TotalMinutes} min {span.Seconds} s",
        _ => $"{(int)span.TotalHours} h {span.Minutes} min",
    };
}
