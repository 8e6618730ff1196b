using Runbooks.Workflows.FaultInjection;

namespace Runbooks.Faults.Injected;

/// <summary>Plans as text.</summary>
public sealed class FaultPlanTests
{
    [Fact]
    public void Any_plan_made_by_chance_reads_back_as_it_was_written()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var plan = new FaultRates { Deaths = 5, Effects = 8, StoreCalls = 8 }.Make(new Random(seed), ["pre-copy", "reserve"]);

            var read = FaultPlan.Parse(plan.ToString());

            Assert.Equal(plan.Rules, read.Rules);
            Assert.Equal(plan.ToString(), new FaultRates { Deaths = 5, Effects = 8, StoreCalls = 8 }.Make(new Random(seed), ["pre-copy", "reserve"]).ToString());
        }
    }

    [Fact]
    public void Comments_and_empty_lines_are_skipped()
    {
        var plan = FaultPlan.Parse("# the copy hangs\n\nperform of pre-copy: hang\r\nundo of reserve: delay 00:00:05, after 2, times 3\n");

        Assert.Equal(
            [
                new FaultRule(FaultSite.Perform, FaultAction.Hang) { Step = "pre-copy" },
                new FaultRule(FaultSite.Undo, FaultAction.Delay) { Step = "reserve", Time = TimeSpan.FromSeconds(5), Skip = 2, Times = 3 },
            ],
            plan.Rules);
    }

    [Theory]
    [InlineData("perform", "Line 1", "no colon")]
    [InlineData("# first\nsomewhere: die", "Line 2", "'somewhere' is no place")]
    [InlineData("perform: explode", "'explode' is no fault", "lose-after")]
    [InlineData("perform: fail-after", "'fail-after' can't strike at 'perform'", "lose-after")]
    [InlineData("join: fail", "'fail' can't strike at 'join'", "lose-before")]
    [InlineData("commit of pre-copy: throw", "belongs to no step", "of pre-copy")]
    [InlineData("perform: delay", "delay takes more than no time", "00:00:00")]
    [InlineData("perform: fail 00:00:05", "only 'delay' takes a time", "00:00:05")]
    [InlineData("perform: fail, chance 2", "above 0 and up to 1", "2")]
    [InlineData("perform: fail, twice", "'twice' is none of", "times n")]
    public void What_is_wrong_is_said_with_its_line(string text, string problem, string more)
    {
        var thrown = Assert.Throws<FormatException>(() => FaultPlan.Parse(text));

        Assert.Contains(problem, thrown.Message, StringComparison.Ordinal);
        Assert.Contains(more, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Skip_times_and_end_are_kept()
    {
        using var shipped = ShippedCase.Play("consolidate", "renew: throw, always\nprogress: throw, after 3, times 2");
        var struck = shipped.Installation.Faults.Struck;

        Assert.Equal(2, struck[1]);
        Assert.Equal(Workflows.Runs.RunStatus.Finished, shipped.Run.Status);
    }
}
