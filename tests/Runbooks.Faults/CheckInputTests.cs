using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Runbooks.Activities.Migration;
using Runbooks.Fleet.Migrations;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using static Runbooks.Faults.FleetUnderTest;

namespace Runbooks.Faults;

/// <summary>What is asked of the checks before a migration reaches them from the inputs of the shipped runbooks.</summary>
public sealed class CheckInputTests
{
    [Theory]
    [InlineData("MinBandwidthMiBs", 1_000_000, "at least 1000000 are asked for")]
    [InlineData("CreateMissingNetworks", false, "has no bridge 'br7'")]
    [InlineData("OnlyTell", "room", "'room' is not a check that may only tell")]
    public async Task What_the_operator_asks_for_stops_a_move_before_anything_is_touched(string input, object value, string says)
    {
        using var fleet = await CreateAsync();

        var run = await fleet.MigrateAsync(Vm1, Host2, new JsonObject { [input] = JsonValue.Create(value) });

        Assert.Equal((RunStatus.Compensated, Host1, ""), (run.Status, fleet.HomeOf(Vm1), await fleet.BrokenInvariantsAsync()));
        Assert.Contains(says, run.Reason, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("check", (await fleet.Engine.StepsAsync(run.Id)).Last(s => s.Status == ActivityStatus.Faulted).ActivityId);
    }

    [Fact]
    public async Task A_VM_that_has_just_come_stays_as_long_as_the_operator_asks_for()
    {
        using var fleet = await CreateAsync();
        var history = new InMemoryMigrationHistory();
        await using var recorder = new MigrationRecorder(fleet.Engine.Store, history, NullLogger<MigrationRecorder>.Instance);
        _ = fleet.Engine.With<IMigrationHistory>(history).With(recorder);
        Assert.Equal(RunStatus.Finished, (await fleet.MigrateAsync(Vm1, Host2)).Status);
        await recorder.SettleAsync();

        var refused = await fleet.MigrateAsync(Vm1, Host3, new JsonObject { ["MinStay"] = "3.00:00:00" });
        Assert.Equal(RunStatus.Compensated, refused.Status);
        Assert.Contains("it is to stay for 3.00:00:00", refused.Reason, StringComparison.Ordinal);

        Assert.Equal(RunStatus.Finished, (await fleet.MigrateAsync(Vm1, Host3)).Status);
    }

    [Fact]
    public async Task A_check_that_only_tells_is_shown_and_stops_nothing()
    {
        using var fleet = await CreateAsync();

        var run = await fleet.MigrateAsync(Vm1, Host2, new JsonObject { ["MinBandwidthMiBs"] = 1_000_000, ["OnlyTell"] = "cpu, bandwidth" });

        Assert.True(run.Status == RunStatus.Finished, $"{run.Status}: {run.Reason}");
        var checks = (await fleet.Engine.StepsAsync(run.Id)).Last(s => s.ActivityId == "check").Outputs["Checks"]!.AsArray();
        Assert.Equal("Failed", (string?)checks.Single(c => (string?)c!["name"] == "bandwidth")!["outcome"]);
    }

    [Fact]
    public async Task A_network_that_may_not_be_made_is_not_made_by_a_later_step_either()
    {
        using var fleet = await CreateAsync();

        var run = await fleet.MigrateAsync(Vm1, Host2, new JsonObject { ["CreateMissingNetworks"] = false, ["OnlyTell"] = "networks" });

        Assert.Equal((RunStatus.Compensated, ""), (run.Status, await fleet.BrokenInvariantsAsync()));
        Assert.Equal("prepare-networks", (await fleet.Engine.StepsAsync(run.Id)).Last(s => s.Status == ActivityStatus.Faulted).ActivityId);
        Assert.Empty(fleet.Fleet.NetworksOf(Host2));
    }

    [Theory]
    [InlineData("evacuate-host", "CreateMissingNetworks", false)]
    [InlineData("evacuate-host", "OnlyTell", "storage")]
    [InlineData("consolidate", "CreateMissingNetworks", false)]
    [InlineData("consolidate", "MinStay", "00:00:01")]
    [InlineData("consolidate", "MinBandwidthMiBs", 7)]
    public async Task Runbooks_that_move_several_VMs_hand_it_on(string runbook, string input, object value)
    {
        using var fleet = await CreateAsync();
        var wish = new JsonObject { [input] = JsonValue.Create(value) };
        if (runbook == "evacuate-host")
        {
            wish["Host"] = Host1.Value;
        }

        var run = await fleet.Engine.RunAsync(runbook, wish);

        var moves = (await fleet.Engine.Store.ListAsync(new RunFilter { Limit = 100 }, CancellationToken.None)).Where(r => r.ParentRunId == run.Id).ToList();
        Assert.NotEmpty(moves);
        foreach (var move in moves)
        {
            var check = (await fleet.Engine.StepsAsync(move.Id)).First(s => s.ActivityId == "check");
            Assert.Equal($"{value}", $"{check.Inputs[input]}", ignoreCase: true);
        }
    }
}
