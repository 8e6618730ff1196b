using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Migrations;

/// <summary>How a migration ended.</summary>
public enum MigrationOutcome
{
    /// <summary>The VM runs on the destination.</summary>
    Moved,

    /// <summary>It was given up because the copy did not converge; the VM runs on at the source.</summary>
    DidNotConverge,

    /// <summary>It failed for another reason, or was cancelled; nothing can be learnt from its figures.</summary>
    NotMoved,
}

/// <summary>A migration that has ended: what was foretold and what was measured.</summary>
/// <param name="Run">The run that did it; with <paramref name="Vm"/> its key.</param>
/// <param name="Vm">The VM.</param>
/// <param name="Source">The host that it left.</param>
/// <param name="Destination">The host that it went to.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Case">What was known before it started.</param>
/// <param name="Forecast">What was foretold; null when nothing was.</param>
/// <param name="Outcome">How it ended.</param>
public sealed record MigrationRecord(
    string Run,
    VmName Vm,
    HostName Source,
    HostName Destination,
    DateTimeOffset EndedAt,
    MigrationCase Case,
    MigrationForecast? Forecast,
    MigrationOutcome Outcome)
{
    /// <summary>How long the hypervisor took; null when it kept no figures, as after post-copy.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>How long the guest stood still; null when not known.</summary>
    public TimeSpan? Downtime { get; init; }

    /// <summary>Data on the wire, MiB; null when not known.</summary>
    public double? SentMiB { get; init; }

    /// <summary>Rounds of pre-copy; null when not known.</summary>
    public int? Rounds { get; init; }

    /// <summary>Memory that was not all zeros when the copy came by, MiB: what the first round had to send; null when not known.</summary>
    public double? FirstRoundMiB { get; init; }

    /// <summary>How long the run took that did it, from its start to the end of the migration; what it has beyond <see cref="Time"/> is its own.</summary>
    public TimeSpan? RunTime { get; init; }
}

/// <summary>The migrations that have ended. Every call may be repeated.</summary>
public interface IMigrationHistory
{
    /// <summary>Keeps a record; one with the same run and VM that is there already stays as it is. True when it was new.</summary>
    Task<bool> AppendAsync(MigrationRecord record, CancellationToken cancellationToken);

    /// <summary>The newest <paramref name="count"/> records, oldest first.</summary>
    Task<IReadOnlyList<MigrationRecord>> ListAsync(int count, CancellationToken cancellationToken);
}
