namespace Runbooks.Workflows.Tests.Engine;

/// <summary>Time that passes <paramref name="factor"/> times as fast as outside, and can be moved forward at will.</summary>
public sealed class FastTime(double factor) : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly long began = System.GetTimestamp();
    private long skipped;

    public override DateTimeOffset GetUtcNow() => Start + (System.GetElapsedTime(began) * factor) + TimeSpan.FromTicks(Interlocked.Read(ref skipped));

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, Scale(dueTime), Scale(period));

    /// <summary>Lets time pass at once. Timers that are running already keep their own pace.</summary>
    public void Skip(TimeSpan time) => Interlocked.Add(ref skipped, time.Ticks);

    private TimeSpan Scale(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time / factor;
}
