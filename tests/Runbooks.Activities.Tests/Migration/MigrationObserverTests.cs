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
    [InlineData("absent", "absent", nameof(MigrationPlace.Alarming))]
    [InlineData("silent", "absent", nameof(MigrationPlace.Unclear))]
    public void Two_observations_without_a_job_have_one_meaning(string source, string destination, string expected) =>
        Assert.Equal(expected, MigrationObserver.Judge(Vm, MigrationProgress.NoJob, Seen(source), Seen(destination)).GetType().Name);

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

    [Fact]
    public void A_job_that_cannot_be_read_leaves_everything_open()
    {
        Result<MigrationProgress> silent = new HypervisorFault(FaultKind.Unreachable, Source, "No answer.");

        _ = Assert.IsType<MigrationPlace.Unclear>(MigrationObserver.Judge(Vm, silent, Seen("Running booted"), Seen("absent")));
    }

    private static Result<VmObservation> Seen(string text) => text.Split(' ') switch
    {
        ["absent"] => new HypervisorFault(FaultKind.NotFound, Source, "No such domain."),
        ["silent"] => new HypervisorFault(FaultKind.Unreachable, Source, "No answer."),
        [var state, var reason] => new VmObservation(DateTimeOffset.UnixEpoch, Vm, Guid.Empty, Enum.Parse<VmState>(state), reason, true, 1, 96, TimeSpan.Zero, null),
        _ => throw new ArgumentException($"Unexpected '{text}'.", nameof(text)),
    };
}
