using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Runbooks.Activities.Migration;
using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;
using static Runbooks.Faults.FleetUnderTest;

namespace Runbooks.Faults;

/// <summary>What is known when a mode is chosen, where it comes from, and what is kept of it when the migration has ended.</summary>
public sealed class MigrationChoiceTests
{
    private readonly InMemoryMigrationHistory history = new();

    [Fact]
    public async Task A_short_copy_is_not_delayed_and_what_it_showed_is_known_to_the_next_one()
    {
        using var fleet = await CreateAsync();
        await using var recorder = Keep(fleet);
        var measured = Count(fleet, SimulatedOperation.MeasureDirtyRate);

        var first = await ChoiceAsync(fleet, Vm1, Host2, new JsonObject { ["BandwidthMiBs"] = 200 });
        await recorder.SettleAsync();
        var second = await ChoiceAsync(fleet, Vm1, Host3, new JsonObject { ["BandwidthMiBs"] = 200 });

        Assert.Null(first["DirtyMiBs"]);
        Assert.Contains("was not measured, so it is taken to write little", first["Explanation"]!.ToString(), StringComparison.Ordinal);
        Assert.Contains("seen when it was moved", second["Explanation"]!.ToString(), StringComparison.Ordinal);
        Assert.InRange(second["DirtyMiBs"]!.GetValue<double>(), 5, 40);
        Assert.Equal(0, measured());
    }

    [Theory]
    [InlineData(100, 1, "measured for 1 s)", null)]
    [InlineData(25, 2, "measured for 1 s and 3 s)", 64.0)]
    public async Task A_long_copy_is_worth_measuring_and_a_very_long_one_twice(int bandwidth, int times, string how, double? workingSet)
    {
        using var fleet = await CreateAsync();
        var measured = Count(fleet, SimulatedOperation.MeasureDirtyRate);

        var choice = await ChoiceAsync(fleet, Vm1, Host2, new JsonObject { ["BandwidthMiBs"] = bandwidth, ["DowntimeCeilingMs"] = 5000 });

        Assert.Equal(times, measured());
        Assert.Contains(how, choice["Explanation"]!.ToString(), StringComparison.Ordinal);
        var known = MigrationText.Read<MigrationCase>(choice["Case"]!.ToJsonString());
        Assert.Equal(40.0, known.DirtyMiBs);
        Assert.Equal(workingSet is null, known.WorkingSetMiB is null);
        Assert.Equal(workingSet ?? 0, known.WorkingSetMiB ?? 0, 3);
    }

    [Fact]
    public async Task The_record_has_the_case_and_the_forecast_of_the_choice()
    {
        using var fleet = await CreateAsync();
        await using var recorder = Keep(fleet);

        var choice = await ChoiceAsync(fleet, Vm1, Host2, new JsonObject { ["BandwidthMiBs"] = 100, ["TimeLimit"] = "00:20:00", ["MaxDowntimeMs"] = 700 });
        await recorder.SettleAsync();

        var record = Assert.Single(await history.ListAsync(10, CancellationToken.None));
        Assert.Equal(MigrationText.Read<MigrationCase>(choice["Case"]!.ToJsonString()), record.Case);
        Assert.Equal(MigrationText.Read<MigrationForecast>(choice["Forecast"]!.ToJsonString()), record.Forecast);
        Assert.Equal(("kvm", 1024.0, 100.0, TimeSpan.FromMinutes(20), TimeSpan.FromMilliseconds(700)), (record.Case.Hypervisor, record.Case.MemoryMiB, record.Case.BandwidthMiBs, record.Case.MaxTime, record.Case.MaxDowntime));
        Assert.InRange(record.Case.FreeCpuShare!.Value, 0.5, 1);
        Assert.Equal(MigrationOutcome.Moved, record.Outcome);
    }

    [Fact]
    public async Task A_VM_that_came_by_migration_is_known_to()
    {
        using var fleet = await CreateAsync();

        var first = await ChoiceAsync(fleet, Vm1, Host2, []);
        var second = await ChoiceAsync(fleet, Vm1, Host3, []);

        Assert.Equal((false, true), (first["Case"]!["hasMoved"]!.GetValue<bool>(), second["Case"]!["hasMoved"]!.GetValue<bool>()));
    }

    /// <param name="bandwidth">A copy of 20 s is cancelled while it is watched; one without a limit when it is undone.</param>
    [Theory]
    [InlineData(50)]
    [InlineData(0)]
    public async Task A_copy_that_is_cancelled_is_kept_as_one_that_moved_nothing(int bandwidth)
    {
        using var fleet = await CreateAsync();
        await using var recorder = Keep(fleet);
        var move = Move(Vm1, Host2);
        move["BandwidthMiBs"] = bandwidth;
        var id = await fleet.Engine.StartAsync("migrate-vm", move);
        fleet.Fleet.Faults.OnOperation = async (point, unused) =>
        {
            if (point is { Operation: SimulatedOperation.StartMigration, Phase: OperationPhase.After })
            {
                _ = await fleet.Engine.Store.SendAsync(new RunOrder(RunVerb.Cancel, "anna", "a test").ToStimulus(await fleet.Engine.FindAsync(id)), CancellationToken.None);
            }
        };

        await fleet.Engine.WorkAsync();
        await recorder.SettleAsync();

        Assert.Equal(RunStatus.Cancelled, (await fleet.Engine.FindAsync(id)).Status);
        var record = Assert.Single(await history.ListAsync(10, CancellationToken.None));
        Assert.Equal((Vm1, fleet.HomeOf(Vm1) == Host1 ? MigrationOutcome.NotMoved : MigrationOutcome.Moved), (record.Vm, record.Outcome));
    }

    private MigrationRecorder Keep(FleetUnderTest fleet)
    {
        var recorder = new MigrationRecorder(fleet.Engine.Store, history, NullLogger<MigrationRecorder>.Instance);
        _ = fleet.Engine.With<IMigrationHistory>(history).With(recorder);
        return recorder;
    }

    private static Func<int> Count(FleetUnderTest fleet, SimulatedOperation operation)
    {
        var seen = 0;
        fleet.Fleet.Faults.OnOperation = (point, unused) =>
        {
            if (point.Operation == operation && point.Phase == OperationPhase.Before)
            {
                _ = Interlocked.Increment(ref seen);
            }

            return ValueTask.CompletedTask;
        };
        return () => Volatile.Read(ref seen);
    }

    private static async Task<JsonObject> ChoiceAsync(FleetUnderTest fleet, VmName vm, HostName destination, JsonObject more)
    {
        var run = await fleet.MigrateAsync(vm, destination, more);
        Assert.True(run.Status == RunStatus.Finished, $"{run.Status}: {run.Reason}");
        return (await fleet.Engine.StepsAsync(run.Id)).Last(s => s.ActivityId == "choose").Outputs;
    }
}
