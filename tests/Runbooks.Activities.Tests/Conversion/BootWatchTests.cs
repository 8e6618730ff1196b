using Runbooks.Activities.Conversion;
using Runbooks.Activities.Migration;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Activities.Tests.Conversion;

/// <summary>What counts as a guest that has booted, and what does not.</summary>
public sealed class BootWatchTests
{
    private static readonly VmName Vm = new("web");
    private static readonly HostName Host = new("xen1");

    private readonly BootWatch watch = new(TimeSpan.FromSeconds(20));

    [Fact]
    public void An_agent_that_answers_is_enough()
    {
        See(1, GuestAnswer.Silent, cpu: 1);
        Assert.Null(watch.Sign(mustAnswer: true, isOver: false));
        See(2, GuestAnswer.Alive, cpu: 2);
        Assert.Equal(GuestSign.Alive, watch.Sign(mustAnswer: true, isOver: false));
    }

    [Fact]
    public void A_guest_without_an_agent_must_run_on_and_work()
    {
        See(1, GuestAnswer.NoAgent, cpu: 1);
        See(15, GuestAnswer.NoAgent, cpu: 9);
        Assert.Null(watch.Sign(mustAnswer: false, isOver: false));
        See(21, GuestAnswer.NoAgent, cpu: 12);
        Assert.Equal(GuestSign.Running, watch.Sign(mustAnswer: false, isOver: false));
        Assert.Null(watch.Sign(mustAnswer: true, isOver: true));
    }

    [Fact]
    public void One_that_stands_still_has_not_booted()
    {
        See(1, GuestAnswer.NoAgent, cpu: 5);
        See(60, GuestAnswer.NoAgent, cpu: 5);
        Assert.Null(watch.Sign(mustAnswer: false, isOver: true));
        Assert.True(watch.Found(Vm, TimeSpan.FromSeconds(60)).IsSeen);
    }

    [Fact]
    public void One_that_starts_anew_again_and_again_has_not_booted()
    {
        for (var i = 0; i < 10; i++)
        {
            See(i * 15, GuestAnswer.NoAgent, cpu: 1);
            See((i * 15) + 14, GuestAnswer.NoAgent, cpu: 9);
            Assert.Null(watch.Sign(mustAnswer: false, isOver: true));
        }

        Assert.Contains("started anew 9 times", watch.Found(Vm, TimeSpan.FromMinutes(3)).Found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_silent_agent_is_waited_for_and_then_work_counts()
    {
        See(1, GuestAnswer.Silent, cpu: 1);
        See(30, GuestAnswer.Silent, cpu: 9);
        Assert.Null(watch.Sign(mustAnswer: false, isOver: false));
        Assert.Equal(GuestSign.Silent, watch.Sign(mustAnswer: false, isOver: true));
    }

    [Fact]
    public void Off_for_a_moment_is_a_restart_and_off_for_longer_is_off()
    {
        See(1, GuestAnswer.NoAgent, cpu: 1);
        watch.See(TimeSpan.FromSeconds(5), Refused(), Seen(VmState.ShutOff, 0));
        Assert.False(watch.IsOff);
        watch.See(TimeSpan.FromSeconds(16), Refused(), new HypervisorFault(FaultKind.NotFound, Host, "gone"));
        Assert.True(watch.IsOff);
        See(17, GuestAnswer.NoAgent, cpu: 1);
        Assert.False(watch.IsOff);
    }

    [Fact]
    public void What_can_not_be_seen_is_neither_booted_nor_off()
    {
        See(1, GuestAnswer.NoAgent, cpu: 1);
        See(30, GuestAnswer.NoAgent, cpu: 9);
        watch.See(TimeSpan.FromSeconds(60), new HypervisorFault(FaultKind.Unreachable, Host, "lost"), new HypervisorFault(FaultKind.Unreachable, Host, "lost"));
        Assert.Null(watch.Sign(mustAnswer: false, isOver: true));
        Assert.False(watch.IsOff);
        Assert.False(watch.Found(Vm, TimeSpan.FromSeconds(60)).IsSeen);
    }

    private void See(int second, GuestAnswer answer, int cpu) => watch.See(TimeSpan.FromSeconds(second), answer, Seen(VmState.Running, cpu));

    private static Result<GuestAnswer> Refused() => new HypervisorFault(FaultKind.Refused, Host, "off");

    private static Result<VmObservation> Seen(VmState state, int cpu) =>
        new VmObservation(DateTimeOffset.UnixEpoch, Vm, Guid.Empty, state, "test", true, 1, 96, TimeSpan.FromSeconds(cpu), null);
}
