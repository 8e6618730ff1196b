using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Runs;
using static Runbooks.Faults.FleetUnderTest;

namespace Runbooks.Faults;

/// <summary>What goes wrong around one migration, and where the VM must be afterwards.</summary>
public sealed class MigrationFaultTests
{
    [Theory]
    [InlineData(MigrationMishap.DestinationGuestDies)]
    [InlineData(MigrationMishap.JobIsLost)]
    [InlineData(MigrationMishap.StrandedBeforeCommit)]
    public async Task Before_the_switch_over_the_vm_goes_on_at_the_source_and_the_run_is_compensated(MigrationMishap mishap)
    {
        using var fleet = await CreateAsync();
        fleet.Fleet.Faults.Add(new MigrationFault(mishap));

        var run = await fleet.MigrateAsync(Vm1, Host2);

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Equal(Host1, fleet.HomeOf(Vm1));
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
    }

    [Fact]
    public async Task A_stale_twin_at_the_source_is_ended_and_never_resumed()
    {
        using var fleet = await CreateAsync();
        fleet.Fleet.Faults.Add(new MigrationFault(MigrationMishap.StrandedAfterCommit));

        var run = await fleet.MigrateAsync(Vm1, Host2);

        Assert.True(run.Status == RunStatus.Finished, $"{run.Status}: {run.Reason}");
        Assert.Equal(Host2, fleet.HomeOf(Vm1));
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
    }

    [Fact]
    public async Task A_destination_that_loses_power_leaves_the_vm_at_the_source()
    {
        using var fleet = await CreateAsync();
        fleet.Fleet.Faults.Add(new MigrationFault(MigrationMishap.DestinationHostDies));
        fleet.Engine.Options.ReconcileFor = TimeSpan.FromSeconds(20);

        var run = await fleet.MigrateAsync(Vm1, Host2);

        Assert.Equal(Host1, fleet.HomeOf(Vm1));
        Assert.Empty(fleet.Fleet.Violations);
        Assert.True(run.Status is RunStatus.NeedsAttention or RunStatus.Compensated, $"{run.Status}: {run.Reason}");
        if (run.Status == RunStatus.NeedsAttention)
        {
            Assert.Contains("host2", run.Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_vm_that_runs_nowhere_needs_a_person_and_its_reservation_stays()
    {
        using var fleet = await CreateAsync();
        fleet.Fleet.Faults.Add(new MigrationFault(MigrationMishap.SourceGuestDies));
        fleet.Engine.Options.ReconcileFor = TimeSpan.FromSeconds(20);

        var run = await fleet.MigrateAsync(Vm1, Host2);

        Assert.Equal(RunStatus.NeedsAttention, run.Status);
        Assert.Contains("vm1", run.Reason, StringComparison.Ordinal);
        Assert.Empty(fleet.Fleet.Violations);
        _ = Assert.Single(await fleet.Ledger.ListAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_second_run_that_wants_the_same_vm_is_refused_with_the_holder_named()
    {
        using var fleet = await CreateAsync();
        var first = await fleet.Engine.StartAsync("migrate-vm", Move(Vm1, Host2));
        var second = await fleet.Engine.StartAsync("migrate-vm", Move(Vm1, Host3));

        await fleet.Engine.WorkAsync();

        var runs = new[] { await fleet.Engine.FindAsync(first), await fleet.Engine.FindAsync(second) };
        var winner = Assert.Single(runs, r => r.Status == RunStatus.Finished);
        var loser = Assert.Single(runs, r => r.Status == RunStatus.Compensated);
        Assert.Contains("vm1", loser.Reason, StringComparison.Ordinal);
        Assert.Contains(winner.Id.ToString(), loser.Reason, StringComparison.Ordinal);
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
    }

    [Fact]
    public async Task A_vm_that_vanished_is_named_and_nothing_is_touched()
    {
        using var fleet = await CreateAsync();

        var run = await fleet.MigrateAsync(new VmName("ghost"), Host2);

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("ghost", run.Reason, StringComparison.Ordinal);
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
    }

    [Fact]
    public async Task An_unreachable_destination_is_named_before_anything_starts()
    {
        using var fleet = await CreateAsync();
        fleet.Fleet.Cut(Host2);

        var run = await fleet.MigrateAsync(Vm1, Host2);

        Assert.Equal(RunStatus.Compensated, run.Status);
        Assert.Contains("host2", run.Reason, StringComparison.Ordinal);
        fleet.Fleet.Heal(Host2);
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
    }

    [Fact]
    public async Task A_link_that_is_cut_during_the_copy_and_heals_lets_the_migration_end()
    {
        using var fleet = await CreateAsync();
        var cut = 0;
        var healed = Task.CompletedTask;
        fleet.Fleet.Faults.OnOperation = (point, unused) =>
        {
            if (point is { Operation: SimulatedOperation.StartMigration, Phase: OperationPhase.After } && Interlocked.Exchange(ref cut, 1) == 0)
            {
                fleet.Fleet.Cut(Host2);
                healed = HealLaterAsync(fleet);
            }

            return ValueTask.CompletedTask;
        };

        var run = await fleet.MigrateAsync(Vm1, Host2);
        await healed;

        Assert.True(run.Status is RunStatus.Finished or RunStatus.Compensated, $"{run.Status}: {run.Reason}");
        Assert.Equal(run.Status == RunStatus.Finished ? Host2 : Host1, fleet.HomeOf(Vm1));
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
    }

    private static async Task HealLaterAsync(FleetUnderTest fleet)
    {
        await Task.Delay(TimeSpan.FromSeconds(15), fleet.Engine.Clock);
        fleet.Fleet.Heal(Host2);
    }
}
