using Runbooks.Activities.Migration.Checks;
using Runbooks.Fleet.Model;

namespace Runbooks.Activities.Tests.Migration;

/// <summary>Checks of VMs that leave one host, a few at a time.</summary>
public sealed class CheckQueueTests
{
    private static readonly HostName Host = new("host1");

    private readonly List<int> begun = [];

    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Two_checks_of_a_host_are_under_way_and_the_next_begins_when_one_has_ended()
    {
        var queue = new CheckQueue(new NeverLate());
        TaskCompletionSource<int>[] ends = [.. Enumerable.Range(0, 4).Select(_ => new TaskCompletionSource<int>())];
        Task<int>[] checks = [.. ends.Select((end, i) => queue.RunAsync(Host, () => Begin(i, end.Task), None))];
        Assert.Equal([0, 1], begun);

        ends[1].SetException(new InvalidOperationException("It broke."));
        await UntilBegunAsync(3);
        Assert.Equal([0, 1, 2], begun);

        ends[0].SetResult(0);
        await UntilBegunAsync(4);
        ends[2].SetResult(2);
        ends[3].SetResult(3);

        await Assert.ThrowsAsync<InvalidOperationException>(() => checks[1]);
        var ended = await Task.WhenAll(checks[0], checks[2], checks[3]);
        Assert.Equal([0, 2, 3], ended);
    }

    [Fact]
    public async Task A_check_of_another_host_does_not_wait()
    {
        var queue = new CheckQueue(new NeverLate());
        var hangs = new TaskCompletionSource<int>();
        _ = queue.RunAsync(Host, () => hangs.Task, None);
        _ = queue.RunAsync(Host, () => hangs.Task, None);

        Assert.Equal(1, await queue.RunAsync(new HostName("host2"), () => Task.FromResult(1), None));
    }

    [Fact]
    public async Task Who_has_waited_for_long_begins_although_others_hang_and_takes_nobodys_place()
    {
        var queue = new CheckQueue(new AlwaysLate());
        var hangs = new TaskCompletionSource<int>();
        Task<int>[] hanging = [queue.RunAsync(Host, () => hangs.Task, None), queue.RunAsync(Host, () => hangs.Task, None)];

        Assert.Equal(1, await queue.RunAsync(Host, () => Task.FromResult(1), None));

        hangs.SetResult(0);
        await Task.WhenAll(hanging);
        Assert.Equal(2, await queue.RunAsync(Host, () => Task.FromResult(2), None));
    }

    [Fact]
    public async Task Who_is_told_to_stop_while_it_waits_does_not_begin()
    {
        var queue = new CheckQueue(new NeverLate());
        var hangs = new TaskCompletionSource<int>();
        _ = queue.RunAsync(Host, () => hangs.Task, None);
        _ = queue.RunAsync(Host, () => hangs.Task, None);
        using var stop = new CancellationTokenSource();
        var waits = queue.RunAsync(Host, () => Begin(3, Task.FromResult(3)), stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
        Assert.Empty(begun);
    }

    private Task<int> Begin(int check, Task<int> ends)
    {
        lock (begun)
        {
            begun.Add(check);
        }

        return ends;
    }

    private async Task UntilBegunAsync(int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (Count() < count)
        {
            await Task.Delay(10, limit.Token);
        }

        int Count()
        {
            lock (begun)
            {
                return begun.Count;
            }
        }
    }

    private class NeverLate : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Nothing();

        private sealed class Nothing : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }

    private sealed class AlwaysLate : NeverLate
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _ = ThreadPool.UnsafeQueueUserWorkItem(_ => callback(state), null);
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
