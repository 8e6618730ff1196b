using Runbooks.Fleet.Model;
using Runbooks.Fleet.Scaling;

namespace Runbooks.Fleet.Tests.Scaling;

public sealed class BalloonStepsTests
{
    private static readonly VmName Vm = new("web1");

    [Fact]
    public void More_is_given_at_once() => Assert.Equal(new BalloonStep.Ask(8192), BalloonSteps.Next(Vm, 1024, 8192, 1500, null, null));

    [Theory]
    [InlineData(8192, 4096, 1024, 4)]
    [InlineData(65_536, 4096, 1024, 60)]
    [InlineData(2048, 1648, 100, 4)]
    [InlineData(192, 96, 64, 2)]
    [InlineData(128, 100, 28, 1)]
    public void Less_is_taken_in_quarters_of_64_to_1024_MiB(int from, int to, int first, int steps)
    {
        var now = from;
        var taken = new List<int>();
        while (BalloonSteps.Next(Vm, from, to, now, 10, null) is BalloonStep.Ask(var next))
        {
            taken.Add(now - next);
            now = next;
        }

        Assert.Equal((to, first, steps), (now, taken[0], taken.Count));
        Assert.IsType<BalloonStep.Arrived>(BalloonSteps.Next(Vm, from, to, now, 10, null));
    }

    [Fact]
    public void A_guest_that_has_come_to_need_more_stops_the_next_step()
    {
        Assert.IsType<BalloonStep.Ask>(BalloonSteps.Next(Vm, 4096, 2048, 3584, 2700, null));
        Assert.Contains("2800 MiB", Assert.IsType<BalloonStep.Stop>(BalloonSteps.Next(Vm, 4096, 2048, 3584, 2800, null)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_guest_that_has_fallen_silent_stops_the_next_step_unless_somebody_says_why()
    {
        Assert.IsType<BalloonStep.Stop>(BalloonSteps.Next(Vm, 4096, 2048, 3584, null, null));
        Assert.IsType<BalloonStep.Ask>(BalloonSteps.Next(Vm, 4096, 2048, 3584, null, "It has no agent."));
    }
}
