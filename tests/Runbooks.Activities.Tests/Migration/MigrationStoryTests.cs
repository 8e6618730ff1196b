using System.Text.Json.Nodes;
using Runbooks.Activities.Migration;
using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Runs;

namespace Runbooks.Activities.Tests.Migration;

public sealed class MigrationStoryTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly MigrationRoute Route = new(new VmName("web"), new HostName("h1"), new HostName("h2"));

    private static readonly MigrationStatistics Figures = new(TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(80), 256L << 20, 4) { TotalBytes = 512L << 20, ZeroBytes = 300L << 20 };

    private static readonly MigrationCase Known = new("xen", MigrationMode.Hybrid, 512, 40) { DirtyMiBs = 12.5 };

    private static readonly MigrationForecast Said = new(TimeSpan.FromSeconds(6), TimeSpan.FromMilliseconds(90), 250, 1, true);

    private static MigrationEnd End { get; } = new(new RunId(Guid.Parse("00000000-0000-0000-0000-000000000001")), Route, MigrationOutcome.Moved, Figures, Noon);

    private static Run Began { get; } = new()
    {
        Id = End.Run,
        DefinitionId = "migrate-vm",
        DefinitionVersion = 1,
        CreatedAt = Noon - TimeSpan.FromSeconds(9),
        StartedAt = Noon - TimeSpan.FromSeconds(7),
        StartedBy = "test",
    };

    [Fact]
    public void The_written_case_and_forecast_are_kept_with_what_was_measured()
    {
        var record = MigrationStory.Tell(End, Began, [Chosen(JsonNode.Parse(MigrationText.Write(Known)), JsonNode.Parse(MigrationText.Write(Said))), Copied()])!;

        Assert.Equal((Known with { BandwidthMiBs = 25 }, Said), (record.Case, record.Forecast));
        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(80), 256.0, 4), (record.Time, record.Downtime, record.SentMiB, record.Rounds));
        Assert.Equal(212.0, record.FirstRoundMiB);
        Assert.Equal(TimeSpan.FromSeconds(7), record.RunTime);
        Assert.Equal((End.Run.ToString(), "web", "h1", "h2"), (record.Run, record.Vm.Value, record.Source.Value, record.Destination.Value));
    }

    [Fact]
    public void A_case_that_is_a_text_is_read_too()
    {
        var record = MigrationStory.Tell(End, Began, [Chosen(MigrationText.Write(Known), MigrationText.Write(Said))])!;

        Assert.Equal((Known, Said), (record.Case, record.Forecast));
    }

    [Fact]
    public void Without_a_written_case_the_stages_tell_it_and_nothing_was_foretold()
    {
        var record = MigrationStory.Tell(End, null, [Chosen("nonsense", new JsonArray()), Checked(), Copied()])!;

        Assert.Equal(new MigrationCase("kvm", MigrationMode.PreCopy, 512, 25) { DirtyMiBs = 3, MaxDowntime = TimeSpan.FromMilliseconds(200), MaxRounds = 9, MaxDataFactor = 2, DirtyThresholdMiB = 8 }, record.Case);
        Assert.Null(record.Forecast);
        Assert.Null(record.RunTime);
    }

    [Fact]
    public void Figures_of_the_choice_of_a_mode_stand_for_a_case_that_is_not_written()
    {
        var chosen = Step(
            1,
            "Runbooks.ChooseMode",
            new JsonObject { ["Vm"] = "web", ["MemoryMiB"] = 640, ["LinkMiBs"] = 110 },
            new JsonObject { ["Mode"] = "Hybrid", ["PredictedSeconds"] = 4.5, ["PredictedDowntimeMs"] = 60, ["PredictedMiB"] = 450, ["WillConverge"] = false, ["DirtyMiBs"] = 33 });
        var copied = Copied();
        copied.Inputs["BandwidthMiBs"] = 0;

        var record = MigrationStory.Tell(End, null, [Checked(), chosen, copied])!;

        Assert.Equal((MigrationMode.Hybrid, 640.0, 110.0, 33.0), (record.Case.Mode, record.Case.MemoryMiB, record.Case.BandwidthMiBs, record.Case.DirtyMiBs));
        Assert.Equal(new MigrationForecast(TimeSpan.FromSeconds(4.5), TimeSpan.FromMilliseconds(60), 450, 0, false), record.Forecast);
    }

    [Fact]
    public void Without_a_limit_the_bandwidth_that_was_seen_stands_for_it()
    {
        var copied = Copied();
        copied.Inputs["BandwidthMiBs"] = 0;

        Assert.Equal(30, MigrationStory.Tell(End, null, [Checked(), copied])!.Case.BandwidthMiBs);
    }

    [Fact]
    public void Steps_of_another_vm_in_the_same_run_are_not_its_story()
    {
        var other = Chosen(JsonNode.Parse(MigrationText.Write(Known)), null);
        other.Inputs["Vm"] = "db";

        Assert.Equal("kvm", MigrationStory.Tell(End, null, [other, Checked(), Copied()])!.Case.Hypervisor);
    }

    [Fact]
    public void Nothing_is_told_when_too_little_is_known() =>
        Assert.Null(MigrationStory.Tell(End with { Figures = null, Outcome = MigrationOutcome.NotMoved }, null, [Checked()]));

    private static ActivityExecution Chosen(JsonNode? known, JsonNode? said) => Step(1, "Runbooks.ChooseMode", new JsonObject { ["Vm"] = "web" }, new JsonObject { ["Case"] = known, ["Forecast"] = said });

    private static ActivityExecution Checked() => Step(2, "Runbooks.CheckMigration", new JsonObject { ["Vm"] = "web" }, new JsonObject { ["MemoryMiB"] = 512 });

    private static ActivityExecution Copied()
    {
        var step = Step(3, "Runbooks.PreCopy", new JsonObject { ["Vm"] = "web", ["BandwidthMiBs"] = 25, ["MaxDowntimeMs"] = 200, ["MaxRounds"] = 9, ["MaxDataFactor"] = 2.0, ["DirtyThresholdMiB"] = 8 }, []);
        step.Progress = new JsonObject { ["bandwidthBytesPerSecond"] = 30L << 20, ["dirtyBytesPerSecond"] = 3L << 20 };
        return step;
    }

    private static ActivityExecution Step(long number, string type, JsonObject inputs, JsonObject outputs) => new()
    {
        Number = number,
        NodeId = $"n{number}",
        ActivityId = $"a{number}",
        ActivityType = type,
        ActivityName = type,
        StartedAt = Noon,
        Inputs = inputs,
        Outputs = outputs,
    };
}
