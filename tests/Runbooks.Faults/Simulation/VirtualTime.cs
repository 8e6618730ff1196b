namespace Runbooks.Faults.Simulation;

/// <summary>Time that stands still while anything is being done, and then jumps to the next timer.</summary>
internal sealed class VirtualTime : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly PriorityQueue<(Timer Timer, long Version), (long Due, long Order)> due = new();
    private long now;
    private long order;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public TimeSpan Elapsed => TimeSpan.FromTicks(now);

    public override DateTimeOffset GetUtcNow() => Start.AddTicks(now);

    public override long GetTimestamp() => now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        _ = timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Jumps to the next timer and fires it. False when there is none.</summary>
    public bool FireNext()
    {
        while (due.TryDequeue(out var next, out var at))
        {
            if (next.Timer.Version == next.Version)
            {
                now = Math.Max(now, at.Due);
                next.Timer.Fire();
                return true;
            }
        }

        return false;
    }

    private sealed class Timer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan period = Timeout.InfiniteTimeSpan;

        /// <summary>Grows with each change: what was set before is void.</summary>
        public long Version { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            this.period = period;
            Version++;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                time.due.Enqueue((this, Version), (time.now + Math.Max(0, dueTime.Ticks), time.order++));
            }

            return true;
        }

        public void Fire()
        {
            if (period > TimeSpan.Zero)
            {
                _ = Change(period, period);
            }
            else
            {
                Version++;
            }

            callback(state);
        }

        public void Dispose() => Version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
