using Runbooks.Activities.Migration;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Activities.Tests.Migration;

/// <summary>The table from which every decision about a half-done migration is taken.</summary>
public sealed class MigrationObserverTests
{
    private static readonly VmName Vm = new("vm1");
    private static readonly HostName Source = new("host1");

    [Theory]
    [InlineData("Running booted", "absent", nameof(MigrationPlace.NotMoved))]
    [InlineData("Running booted", "ShutOff unknown", nameof(MigrationPlace.NotMoved))]
    [InlineData("Running booted", "Paused migrating", nameof(MigrationPlace.Settling))]
    [InlineData("Running booted", "silent", nameof(MigrationPlace.Unclear))]
    [InlineData("Running booted", "Running migrated", nameof(MigrationPlace.Alarming))]
    [InlineData("ShutOff migrated", "Running migrated", nameof(MigrationPlace.Moved))]
    [InlineData("absent", "Running migrated", nameof(MigrationPlace.Moved))]
    [InlineData("Paused migrating", "Running migrated", nameof(MigrationPlace.Moved))]
    [InlineData("Paused user", "Running migrated", nameof(MigrationPlace.Alarming))]
    [InlineData("silent", "Running migrated", nameof(MigrationPlace.Unclear))]
    [InlineData("Paused migrating", "absent", nameof(MigrationPlace.StoppedAtSource))]
    [InlineData("Paused migrating", "silent", nameof(MigrationPlace.Unclear))]
    [InlineData("Paused migrating", "Paused migrating", nameof(MigrationPlace.Settling))]
    [InlineData("Paused migrating", "ShutOff unknown", nameof(MigrationPlace.Alarming))]
    [InlineData("Paused user", "absent", nameof(MigrationPlace.Alarming))]
    [InlineData("ShutOff crashed", "absent", nameof(MigrationPlace.Alarming))]
    [InlineData("ShutOff crashed", "ShutOff crashed", nameof(MigrationPlace.Alarming))]
    [InlineData("ShutOff migrated", "ShutOff crashed", nameof(MigrationPlace.Alarming))]
    [InlineData("ShutOff migrated", "absent", nameof(MigrationPlace.Alarming))]
    [InlineData("absent", "ShutOff crashed", nameof(MigrationPlace.Alarming))]
    [InlineData("absent", "absent", nameof(MigrationPlace.Alarming))]
    [InlineData("off", "Running migrated", nameof(MigrationPlace.Moved))]
    [InlineData("off", "Paused migrating", nameof(MigrationPlace.Settling))]
    [InlineData("off", "absent", nameof(MigrationPlace.Alarming))]
    [InlineData("off", "silent", nameof(MigrationPlace.Unclear))]
    [InlineData("Running booted", "off", nameof(MigrationPlace.NotMoved))]
    [InlineData("Paused migrating", "off", nameof(MigrationPlace.Unclear))]
    [InlineData("silent", "off", nameof(MigrationPlace.Unclear))]
    [InlineData("off", "off", nameof(MigrationPlace.Alarming))]
    [InlineData("silent", "absent", nameof(MigrationPlace.Unclear))]
    public void Two_observations_without_a_job_have_one_meaning(string source, string destination, string expected) =>
        Assert.Equal(expected, MigrationObserver.Judge(Vm, source == "off" ? Silent : MigrationProgress.NoJob, Seen(source), Seen(destination), source == "off", destination == "off").GetType().Name);

    [Theory]
    [InlineData("Paused migrating", "silent", true)]
    [InlineData("Paused migrating", "off", true)]
    [InlineData("silent", "Running migrated", true)]
    [InlineData("Running booted", "silent", false)]
    [InlineData("silent", "absent", false)]
    [InlineData("silent", "silent", false)]
    public void Fencing_settles_only_what_hangs_on_the_silent_host_alone(string source, string destination, bool settles) =>
        Assert.Equal(settles, Assert.IsType<MigrationPlace.Unclear>(
            MigrationObserver.Judge(Vm, MigrationProgress.NoJob, Seen(source), Seen(destination), source == "off", destination == "off")).SettledByFencing);

    [Theory]
    [InlineData("Paused migrating", true)]
    [InlineData("ShutOff migrated", false)]
    public void Only_a_copy_that_a_migration_paused_is_a_twin_to_be_ended(string source, bool twin) =>
        Assert.Equal(new MigrationPlace.Moved(twin), MigrationObserver.Judge(Vm, MigrationProgress.NoJob, Seen(source), Seen("Running migrated")));

    [Theory]
    [InlineData("Running booted", "Paused migrating", true, false)]
    [InlineData("Running booted", "Paused user", false, false)]
    [InlineData("Paused migrating", "Paused migrating", false, true)]
    [InlineData("Paused migrating", "Paused user", false, false)]
    public void Half_a_copy_is_dead_only_when_the_guest_runs_at_the_source(string source, string destination, bool dead, bool both)
    {
        var settling = Assert.IsType<MigrationPlace.Settling>(MigrationObserver.Judge(Vm, MigrationProgress.NoJob, Seen(source), Seen(destination)));

        Assert.Equal((dead, both), (settling.HalfCopyIsDead, settling.BothStandStill));
    }

    [Fact]
    public void While_a_job_runs_nothing_else_counts()
    {
        var job = MigrationProgress.NoJob with { Phase = MigrationPhase.PreCopy };

        _ = Assert.IsType<MigrationPlace.InFlight>(MigrationObserver.Judge(Vm, job, Seen("Paused migrating"), Seen("absent")));
    }

    [Theory]
    [InlineData("Running post-copy", nameof(MigrationPlace.InFlight))]
    [InlineData("Running post-copy failed", nameof(MigrationPlace.InFlight))]
    [InlineData("Paused post-copy failed", nameof(MigrationPlace.InFlight))]
    [InlineData("Running migrated", nameof(MigrationPlace.Moved))]
    [InlineData("silent", nameof(MigrationPlace.Unclear))]
    [InlineData("ShutOff crashed", nameof(MigrationPlace.Alarming))]
    [InlineData("absent", nameof(MigrationPlace.Alarming))]
    public void A_post_copy_that_has_failed_is_judged_by_what_the_destination_has(string destination, string expected)
    {
        var job = MigrationProgress.NoJob with { Phase = MigrationPhase.PostCopyFailed };

        Assert.Equal(expected, MigrationObserver.Judge(Vm, job, Seen("Paused post-copy failed"), Seen(destination)).GetType().Name);
    }

    [Theory]
    [InlineData("Paused post-copy", "Running post-copy", nameof(MigrationPlace.Settling))]
    [InlineData("Paused post-copy failed", "Running post-copy", nameof(MigrationPlace.Settling))]
    [InlineData("ShutOff migrated", "Running post-copy", nameof(MigrationPlace.Settling))]
    [InlineData("ShutOff crashed", "Running post-copy", nameof(MigrationPlace.Alarming))]
    [InlineData("ShutOff unknown", "Running post-copy failed", nameof(MigrationPlace.Alarming))]
    [InlineData("absent", "Running post-copy", nameof(MigrationPlace.Alarming))]
    [InlineData("silent", "Running post-copy", nameof(MigrationPlace.Unclear))]
    [InlineData("Running booted", "Running post-copy", nameof(MigrationPlace.Alarming))]
    public void A_guest_on_half_of_its_memory_has_not_moved(string source, string destination, string expected) =>
        Assert.Equal(expected, MigrationObserver.Judge(Vm, MigrationProgress.NoJob, Seen(source), Seen(destination)).GetType().Name);

    [Fact]
    public void What_is_lost_in_post_copy_is_told_with_the_way_to_a_new_start()
    {
        var lost = Assert.IsType<MigrationPlace.Alarming>(MigrationObserver.Judge(
            Vm, MigrationProgress.NoJob with { Phase = MigrationPhase.PostCopyFailed }, Seen("Paused post-copy failed"), Seen("ShutOff crashed")));

        Assert.Contains("virsh start vm1", lost.Found, StringComparison.Ordinal);
        Assert.Contains("can't be had back", lost.Found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_that_cannot_be_read_leaves_everything_open()
    {
        _ = Assert.IsType<MigrationPlace.Unclear>(MigrationObserver.Judge(Vm, Silent, Seen("Running booted"), Seen("absent")));
    }

    private static Result<MigrationProgress> Silent { get; } = new HypervisorFault(FaultKind.Unreachable, Source, "No answer.");

    private static Result<VmObservation> Seen(string text) => text.Split(' ') switch
    {
        ["absent"] => new HypervisorFault(FaultKind.NotFound, Source, "No such domain."),
        ["silent"] or ["off"] => new HypervisorFault(FaultKind.Unreachable, Source, "No answer."),
        [var state, .. var words] when string.Join(' ', words) is var reason => new VmObservation(DateTimeOffset.UnixEpoch, Vm, Guid.Empty, Enum.Parse<VmState>(state), reason, true, 1, 96, TimeSpan.Zero, null),
        _ => throw new ArgumentException($"Unexpected '{text}'.", nameof(text)),
    };
}
