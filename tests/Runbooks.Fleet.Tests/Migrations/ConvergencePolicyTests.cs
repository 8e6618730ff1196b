using Runbooks.Fleet.Migrations;
using static Runbooks.Fleet.Migrations.ConvergenceMeasure;

namespace Runbooks.Fleet.Tests.Migrations;

public sealed class ConvergencePolicyTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly ConvergencePolicy All = new()
    {
        Measures = [RaiseDowntime, MoreBandwidth, AutoConverge, PostCopy, Abort],
        MaxDowntime = TimeSpan.FromMilliseconds(300),
        DowntimeCeiling = TimeSpan.FromMilliseconds(1000),
        BandwidthCeilingMiBs = 50,
    };

    [Fact]
    public void Each_measure_is_used_up_before_the_next_and_the_job_says_where_it_is()
    {
        var job = new JobSettings(TimeSpan.FromMilliseconds(1), 16, 0);
        var steps = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            var step = All.Next(job, TimeSpan.Zero, Patience);
            steps.Add(step is ConvergenceStep.SetDowntime d ? $"{d.Downtime.TotalMilliseconds} ms" : step is ConvergenceStep.SetBandwidth b ? $"{b.MiBs} MiB/s" : step.GetType().Name);
            job = step switch
            {
                ConvergenceStep.SetDowntime set => job with { AllowedDowntime = set.Downtime },
                ConvergenceStep.SetBandwidth set => job with { BandwidthLimitMiBs = set.MiBs },
                _ => job with { ThrottlePercent = job.ThrottlePercent + 50 },
            };
            if (step is ConvergenceStep.SwitchToPostCopy)
            {
                break;
            }
        }

        Assert.Equal(["300 ms", "450 ms", "675 ms", "1000 ms", "32 MiB/s", "50 MiB/s", "Wait", "Wait", "SwitchToPostCopy"], steps);
    }

    [Fact]
    public void A_guest_that_gets_no_slower_is_not_waited_for_any_longer() =>
        Assert.IsType<ConvergenceStep.SwitchToPostCopy>(All.Next(new JobSettings(TimeSpan.FromSeconds(1), null, 20), Patience, Patience));

    [Fact]
    public void The_order_is_the_operators() => Assert.IsType<ConvergenceStep.SetBandwidth>(
        (All with { Measures = [MoreBandwidth, RaiseDowntime, Abort] }).Next(new JobSettings(TimeSpan.FromMilliseconds(1), 16, 0), TimeSpan.Zero, Patience));

    [Fact]
    public void A_downtime_that_is_not_told_is_not_raised_blindly() => Assert.IsType<ConvergenceStep.Abort>(
        (All with { Measures = [RaiseDowntime, Abort] }).Next(new JobSettings(null, null, 0), TimeSpan.Zero, Patience));

    [Theory]
    [InlineData("", "RaiseDowntime,Abort")]
    [InlineData("PostCopy", "PostCopy,Abort")]
    [InlineData("suspend,PostCopy", "Suspend")]
    [InlineData("RaiseDowntime,RaiseDowntime,Suspend", "RaiseDowntime,Suspend")]
    public void A_list_always_has_an_end(string written, string expected)
    {
        Assert.Null(ConvergencePolicy.TryReadMeasures(written.Split(',', StringSplitOptions.RemoveEmptyEntries), out var measures));

        Assert.Equal(expected, string.Join(',', measures));
    }

    [Fact]
    public void A_measure_that_does_not_exist_is_named_with_those_that_do()
    {
        var problem = ConvergencePolicy.TryReadMeasures(["Pray"], out _);

        Assert.Contains("'Pray'", problem, StringComparison.Ordinal);
        Assert.Contains("AutoConverge", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void What_can_not_be_done_is_left_out_and_said()
    {
        var (policy, skipped) = All.Without(m => m is PostCopy or MoreBandwidth or Abort ? "not here." : null);

        Assert.Equal([RaiseDowntime, AutoConverge, Abort], policy.Measures);
        Assert.Equal(["MoreBandwidth is left out: not here.", "PostCopy is left out: not here.", "Abort is left out: not here."], skipped);
    }
}
