namespace Runbooks.Fleet.Migrations;

/// <summary>What can be done when a copy does not come to an end by itself.</summary>
public enum ConvergenceMeasure
{
    /// <summary>Let the guest stand still for longer, step by step up to a ceiling.</summary>
    RaiseDowntime,

    /// <summary>Give the copy more of the wire.</summary>
    MoreBandwidth,

    /// <summary>
    /// Slow the guest's CPUs down. It must be asked for when the job starts, so with it in the list the hypervisor slows the
    /// guest down as soon as it writes too fast; at its place in the list it is waited for.
    /// </summary>
    AutoConverge,

    /// <summary>Let the guest go on at the destination, its pages following. No way back, and a lost connection may lose the VM.</summary>
    PostCopy,

    /// <summary>Make the guest stand still until the copy has ended.</summary>
    Suspend,

    /// <summary>End the copy; the VM goes on at the source.</summary>
    Abort,
}

/// <summary>What is known of a job that does not converge; all of it is observed, so that it is known after a restart, too.</summary>
/// <param name="AllowedDowntime">What the job may let the guest stand still; null when the hypervisor does not tell.</param>
/// <param name="BandwidthLimitMiBs">The job's limit; null for none.</param>
/// <param name="ThrottlePercent">How much the guest is slowed down.</param>
public sealed record JobSettings(TimeSpan? AllowedDowntime, int? BandwidthLimitMiBs, int ThrottlePercent);

/// <summary>The next thing to do about a copy that does not converge.</summary>
public abstract record ConvergenceStep
{
    private ConvergenceStep()
    {
    }

    public sealed record SetDowntime(TimeSpan Downtime) : ConvergenceStep;

    public sealed record SetBandwidth(int MiBs) : ConvergenceStep;

    /// <summary>The guest is being slowed down; nothing else is done as long as that goes on.</summary>
    public sealed record Wait(string What) : ConvergenceStep;

    public sealed record SwitchToPostCopy : ConvergenceStep;

    public sealed record Suspend : ConvergenceStep;

    public sealed record Abort : ConvergenceStep;
}

/// <summary>
/// What happens when a copy is ended by anything but few dirty pages: measures in the operator's order. Where in the list a
/// job is, is read off the job itself, so nothing is assumed after a crash and nothing is done twice with another effect.
/// </summary>
public sealed record ConvergencePolicy
{
    /// <summary>Growth of the allowed downtime from step to step: few steps, none of them a leap.</summary>
    private const double DowntimeGrowth = 1.5;

    /// <summary>A guest that is slowed down so much gets slower no more.</summary>
    private const int FullThrottle = 99;

    /// <summary>The list when nothing is said.</summary>
    public static IReadOnlyList<ConvergenceMeasure> Usual { get; } = [ConvergenceMeasure.RaiseDowntime, ConvergenceMeasure.Abort];

    /// <summary>The measures in their order; the last is <see cref="ConvergenceMeasure.Abort"/> or <see cref="ConvergenceMeasure.Suspend"/>.</summary>
    public required IReadOnlyList<ConvergenceMeasure> Measures { get; init; }

    /// <summary>The downtime that was wished for: the first step.</summary>
    public TimeSpan MaxDowntime { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>The most that <see cref="ConvergenceMeasure.RaiseDowntime"/> may get to.</summary>
    public TimeSpan DowntimeCeiling { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The most that <see cref="ConvergenceMeasure.MoreBandwidth"/> may get to, MiB/s.</summary>
    public int BandwidthCeilingMiBs { get; init; }

    /// <summary>Reads a list as operators write it, or says what is wrong with it. An end is added when there is none.</summary>
    public static string? TryReadMeasures(IEnumerable<string>? names, out IReadOnlyList<ConvergenceMeasure> measures)
    {
        measures = Usual;
        var wanted = new List<ConvergenceMeasure>();
        foreach (var name in names ?? [])
        {
            if (!Enum.TryParse<ConvergenceMeasure>(name.Trim(), ignoreCase: true, out var measure) || !Enum.IsDefined(measure))
            {
                return $"'{name}' is not a measure against a copy that does not converge. There are {string.Join(", ", Enum.GetNames<ConvergenceMeasure>())}.";
            }

            if (!wanted.Contains(measure))
            {
                wanted.Add(measure);
            }
        }

        var end = wanted.FindIndex(m => m is ConvergenceMeasure.Abort or ConvergenceMeasure.Suspend);
        measures = wanted.Count == 0 ? Usual : end < 0 ? [.. wanted, ConvergenceMeasure.Abort] : [.. wanted.Take(end + 1)];
        return null;
    }

    /// <summary>The list without what can't be done here, and a sentence for each measure that was left out.</summary>
    public (ConvergencePolicy Policy, IReadOnlyList<string> Skipped) Without(Func<ConvergenceMeasure, string?> whyNot)
    {
        ArgumentNullException.ThrowIfNull(whyNot);
        var left = new List<ConvergenceMeasure>();
        var skipped = new List<string>();
        foreach (var measure in Measures)
        {
            if (whyNot(measure) is { } reason)
            {
                skipped.Add($"{measure} is left out: {reason}");
            }
            else
            {
                left.Add(measure);
            }
        }

        return (this with { Measures = left is [.., ConvergenceMeasure.Abort or ConvergenceMeasure.Suspend] ? left : [.. left, ConvergenceMeasure.Abort] }, skipped);
    }

    /// <summary>The next step for a job that has had its time with the step before.</summary>
    /// <param name="job">The job as it is set now.</param>
    /// <param name="waited">How long the guest has been slowed down no more than it is now; long enough makes that measure tried.</param>
    /// <param name="patience">How long that may last.</param>
    public ConvergenceStep Next(JobSettings job, TimeSpan waited, TimeSpan patience)
    {
        ArgumentNullException.ThrowIfNull(job);
        foreach (var measure in Measures)
        {
            ConvergenceStep? step = measure switch
            {
                ConvergenceMeasure.RaiseDowntime => NextDowntime(job.AllowedDowntime) is { } downtime ? new ConvergenceStep.SetDowntime(downtime) : null,
                ConvergenceMeasure.MoreBandwidth => job.BandwidthLimitMiBs is { } limit && limit < BandwidthCeilingMiBs ? new ConvergenceStep.SetBandwidth(Math.Min(BandwidthCeilingMiBs, limit * 2)) : null,
                ConvergenceMeasure.AutoConverge => job.ThrottlePercent < FullThrottle && waited < patience ? new ConvergenceStep.Wait($"The guest is slowed down by {job.ThrottlePercent} %.") : null,
                ConvergenceMeasure.PostCopy => new ConvergenceStep.SwitchToPostCopy(),
                ConvergenceMeasure.Suspend => new ConvergenceStep.Suspend(),
                _ => new ConvergenceStep.Abort(),
            };
            if (step is not null)
            {
                return step;
            }
        }

        return new ConvergenceStep.Abort();
    }

    /// <summary>The downtime to allow after <paramref name="now"/>; null when the ceiling is reached, or when it is not known what is allowed.</summary>
    private TimeSpan? NextDowntime(TimeSpan? now) =>
        now is not { } allowed ? null
        : allowed < MaxDowntime ? MaxDowntime
        : allowed >= DowntimeCeiling ? null
        : TimeSpan.FromMilliseconds(Math.Min(DowntimeCeiling.TotalMilliseconds, Math.Ceiling(allowed.TotalMilliseconds * DowntimeGrowth)));
}
