using Runbooks.Fleet.Migrations;

namespace Runbooks.Fleet.Tests.Migrations;

public sealed class StopConditionsTests
{
    private const long MiB = 1 << 20;

    private static readonly StopConditions Conditions = new();
    private static readonly CopySight Going = new(Round: 3, TotalBytes: 256 * MiB, SentBytes: 400 * MiB, RemainingBytes: 60 * MiB, BandwidthBytesPerSecond: 16 * MiB, TimeSpan.FromSeconds(30));

    [Fact]
    public void A_copy_within_all_limits_goes_on() => Assert.Null(Conditions.Judge(Going, TimeSpan.Zero));

    [Theory]
    [InlineData(8, StopReason.DirtyPages)]
    [InlineData(9, null)]
    public void Few_pages_are_few_whatever_the_bandwidth_is(int remainingMiB, StopReason? expected) =>
        Assert.Equal(expected, Conditions.Judge(Going with { RemainingBytes = remainingMiB * MiB }, TimeSpan.Zero));

    [Fact]
    public void On_a_fast_wire_more_may_remain() =>
        Assert.Equal(StopReason.DirtyPages, Conditions.Judge(Going with { RemainingBytes = 60 * MiB, BandwidthBytesPerSecond = 1000 * MiB }, TimeSpan.Zero));

    [Fact]
    public void The_first_round_never_ends_on_few_pages() =>
        Assert.Null(Conditions.Judge(Going with { Round = 1, RemainingBytes = MiB }, TimeSpan.Zero));

    [Theory]
    [InlineData(28, null)]
    [InlineData(29, StopReason.Rounds)]
    public void Rounds_are_limited(int round, StopReason? expected) => Assert.Equal(expected, Conditions.Judge(Going with { Round = round }, TimeSpan.Zero));

    [Theory]
    [InlineData(767, null)]
    [InlineData(768, StopReason.Data)]
    public void Data_is_limited_to_a_multiple_of_the_memory(int sentMiB, StopReason? expected) =>
        Assert.Equal(expected, Conditions.Judge(Going with { SentBytes = sentMiB * MiB }, TimeSpan.Zero));

    [Theory]
    [InlineData(599, null)]
    [InlineData(600, StopReason.Time)]
    public void Time_is_limited(int seconds, StopReason? expected) =>
        Assert.Equal(expected, Conditions.Judge(Going with { Elapsed = TimeSpan.FromSeconds(seconds) }, TimeSpan.Zero));

    [Theory]
    [InlineData(59, null)]
    [InlineData(60, StopReason.NoProgress)]
    public void A_wire_that_carries_nothing_ends_the_copy(int stillSeconds, StopReason? expected) =>
        Assert.Equal(expected, Conditions.Judge(Going, TimeSpan.FromSeconds(stillSeconds)));

    [Fact]
    public void Stillness_counts_from_the_last_byte()
    {
        var start = DateTimeOffset.UnixEpoch;
        var first = Stillness.Seen(null, 10, start);
        var same = Stillness.Seen(first, 10, start.AddSeconds(5));
        var moved = Stillness.Seen(same, 11, start.AddSeconds(6));

        Assert.Equal(TimeSpan.FromSeconds(5), same.For(start.AddSeconds(5)));
        Assert.Equal(TimeSpan.Zero, moved.For(start.AddSeconds(6)));
    }

    [Fact]
    public void A_copy_that_loses_ground_has_no_end_and_one_that_gains_has()
    {
        var losing = CopyOutlook.OfPreCopy(Going, dirtyBytesPerSecond: 20 * MiB, thresholdBytes: 8 * MiB);
        var gaining = CopyOutlook.OfPreCopy(Going, dirtyBytesPerSecond: 3 * MiB, thresholdBytes: 8 * MiB);

        Assert.Null(losing.Left);
        Assert.Equal(TimeSpan.FromSeconds(60.0 / 16), losing.Downtime);
        Assert.Equal(TimeSpan.FromSeconds(4), gaining.Left);
        Assert.Equal(TimeSpan.FromSeconds(0.5), gaining.Downtime);
    }
}
