using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Libvirt.Answers;

/// <summary>libvirt's virDomainJobType.</summary>
internal enum JobType
{
    None,
    Bounded,
    Unbounded,
    Completed,
    Failed,
    Cancelled,
}

/// <summary>The answer of <c>domjobinfo --rawstats</c>, running or completed.</summary>
/// <param name="Type">Whether a job runs, or how the last one ended.</param>
/// <param name="Figures">Its figures; in its first half second a job has hardly any.</param>
internal sealed record JobFigures(JobType Type, Figures Figures)
{
    private const int MigrationIn = 4;
    private const int MigrationOut = 5;

    public bool IsActive => Type is JobType.Bounded or JobType.Unbounded;

    /// <summary>True for a migration away from the host that answered.</summary>
    public bool IsMigrationOut => Figures.Find("operation") == MigrationOut;

    public static bool TryRead(IReadOnlyList<string> lines, out JobFigures job, out string problem)
    {
        var figures = Figures.Read(lines, ':');
        var type = figures.Find("Job type");
        var known = type is >= (int)JobType.None and <= (int)JobType.Cancelled;
        job = new JobFigures(known ? (JobType)type!.Value : JobType.None, figures);
        problem = known ? string.Empty : $"there is no known 'Job type' in '{string.Join(" / ", lines.Take(3))}'";
        return known;
    }

    /// <summary>The progress of a migration that is under way.</summary>
    public MigrationProgress Progress(MigrationPhase phase) => new(
        phase,
        Milliseconds("time_elapsed"),
        (int)Figures.OrZero("memory_iteration"),
        Figures.Find("memory_total") ?? Figures.OrZero("data_total"),
        Figures.Find("memory_processed") ?? Figures.OrZero("data_processed"),
        Figures.Find("memory_remaining") ?? Figures.OrZero("data_remaining"),
        Figures.OrZero("memory_dirty_rate") * Math.Max(Figures.OrZero("memory_page_size"), 1),
        Figures.OrZero("memory_bps"),
        Figures.Find("downtime") is { } downtime ? TimeSpan.FromMilliseconds(downtime) : null)
    {
        ThrottlePercent = (int)Figures.OrZero("auto_converge_throttle"),
        PostCopyRequests = Figures.OrZero("memory_postcopy_requests"),
    };

    /// <summary>The figures of a migration that has ended well; null when the answer is not about one.</summary>
    public MigrationStatistics? Statistics() =>
        Type == JobType.Completed && Figures.Find("operation") is MigrationIn or MigrationOut
            ? new MigrationStatistics(
                Milliseconds("time_elapsed"),
                Milliseconds("downtime"),
                Figures.Find("data_processed") ?? Figures.OrZero("memory_processed"),
                (int)Figures.OrZero("memory_iteration"))
            : null;

    private TimeSpan Milliseconds(string name) => TimeSpan.FromMilliseconds(Figures.OrZero(name));
}
