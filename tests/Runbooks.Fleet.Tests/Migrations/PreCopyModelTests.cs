using Runbooks.Fleet.Migrations;

namespace Runbooks.Fleet.Tests.Migrations;

public sealed class PreCopyModelTests
{
    private static readonly double Fixed = (PreCopyModel.SetUp + PreCopyModel.Resume).TotalSeconds;

    private static MigrationCase Guest { get; } = new("kvm", MigrationMode.PreCopy, 1024, 100);

    [Fact]
    public void A_guest_that_writes_nothing_is_sent_once()
    {
        var forecast = PreCopyModel.Predict(Guest);

        Assert.Equal(1024, forecast.SentMiB);
        Assert.Equal(10.24 + Fixed, forecast.Time.TotalSeconds, 6);
        Assert.Equal(PreCopyModel.Resume, forecast.Downtime);
        Assert.Equal(1, forecast.Rounds);
        Assert.True(forecast.Converges);
    }

    [Fact]
    public void Only_touched_memory_is_sent_and_never_more_than_there_is()
    {
        Assert.Equal(300, PreCopyModel.Predict(Guest with { TouchedMiB = 300 }).SentMiB);
        Assert.Equal(1024, PreCopyModel.Predict(Guest with { TouchedMiB = 3000 }).SentMiB);
    }

    /// <summary>S_n = M (1 - λ^(n+1)) / (1 - λ), then the last M λ^(n+1), as soon as that is below the threshold.</summary>
    [Theory]
    [InlineData(0.25)]
    [InlineData(0.5)]
    [InlineData(0.8)]
    public void Rounds_are_a_geometric_series(double share)
    {
        var forecast = PreCopyModel.Predict(Guest with { DirtyMiBs = 100 * share, MaxDataFactor = 100 });

        var rounds = (int)Math.Ceiling(Math.Log(30.0 / 1024) / Math.Log(share));
        var last = 1024 * Math.Pow(share, rounds);
        Assert.Equal(rounds, forecast.Rounds);
        Assert.Equal((1024 * (1 - Math.Pow(share, rounds)) / (1 - share)) + last, forecast.SentMiB, 6);
        Assert.True((forecast.Downtime - PreCopyModel.Resume).TotalSeconds < last / 100, "Rounds go on until somebody notices.");
        Assert.True(forecast.Downtime <= Guest.MaxDowntime + PreCopyModel.Resume);
        Assert.True(forecast.Converges);
    }

    [Fact]
    public void The_working_set_bounds_every_round_but_the_first()
    {
        var forecast = PreCopyModel.Predict(Guest with { DirtyMiBs = 90, WorkingSetMiB = 200, MaxDataFactor = 100 });

        // 1024, then 200 in place of 921, then 180, 162, ...
        Assert.Equal(1024 + (200 / (1 - 0.9)), forecast.SentMiB, 300.0);
        Assert.True(forecast.SentMiB < PreCopyModel.Predict(Guest with { DirtyMiBs = 90, MaxDataFactor = 100 }).SentMiB - 5000);
    }

    [Theory]
    [InlineData(150.0, null, false)]
    [InlineData(150.0, 400.0, false)]
    [InlineData(150.0, 25.0, true)]
    [InlineData(50.0, null, true)]
    [InlineData(95.0, null, false)]
    public void It_converges_when_writes_are_clearly_slower_than_sending_or_all_go_to_little_memory(double dirty, double? workingSet, bool converges) =>
        Assert.Equal(converges, PreCopyModel.Predict(Guest with { DirtyMiBs = dirty, WorkingSetMiB = workingSet, MaxDataFactor = 100, MaxRounds = 1000 }).Converges);

    [Fact]
    public void A_working_set_that_is_written_within_a_second_hides_the_rate_and_is_treated_with_caution()
    {
        // 60 MiB in a second, and all of the 60 MiB: it may be 60 MiB/s, or 600.
        Assert.False(PreCopyModel.Predict(Guest with { DirtyMiBs = 60, WorkingSetMiB = 60, MaxDataFactor = 100 }).Converges);
        Assert.True(PreCopyModel.Predict(Guest with { DirtyMiBs = 60, WorkingSetMiB = 600, MaxDataFactor = 100 }).Converges);
    }

    [Fact]
    public void Each_stop_condition_ends_a_copy_that_does_not_converge()
    {
        var hot = Guest with { DirtyMiBs = 200 };

        var byRounds = PreCopyModel.Predict(hot with { MaxRounds = 2, MaxDataFactor = 100, MaxTime = TimeSpan.FromHours(1) });
        var byData = PreCopyModel.Predict(hot with { MaxRounds = 100, MaxDataFactor = 2.5, MaxTime = TimeSpan.FromHours(1) });
        var byTime = PreCopyModel.Predict(hot with { MaxRounds = 100, MaxDataFactor = 100, MaxTime = TimeSpan.FromSeconds(60) });

        Assert.Equal((2, false), (byRounds.Rounds, byRounds.Converges));
        Assert.Equal((2560, false), (byData.SentMiB, byData.Converges));
        Assert.False(byTime.Converges);
        Assert.InRange(byTime.Time.TotalSeconds, 59.9, 60.1);
    }

    [Fact]
    public void The_fixed_threshold_counts_where_it_is_above_what_the_downtime_carries()
    {
        Assert.Equal(30, PreCopyModel.StopThresholdMiB(Guest with { DirtyThresholdMiB = 8 }), 9);
        Assert.Equal(64, PreCopyModel.StopThresholdMiB(Guest with { DirtyThresholdMiB = 64 }), 9);
    }

    [Fact]
    public void The_other_modes_send_what_they_have_to()
    {
        var busy = Guest with { DirtyMiBs = 40 };

        var postCopy = PreCopyModel.Predict(busy with { Mode = MigrationMode.PostCopy });
        var hybrid = PreCopyModel.Predict(busy with { Mode = MigrationMode.Hybrid });
        var stopped = PreCopyModel.Predict(busy with { Mode = MigrationMode.Stopped });
        var compressed = PreCopyModel.Predict(busy with { Mode = MigrationMode.Compressed });

        Assert.Equal((1024, PreCopyModel.Resume), (postCopy.SentMiB, postCopy.Downtime));
        Assert.Equal(1024 + 409.6, hybrid.SentMiB, 6);
        Assert.Equal(10.24, (stopped.Downtime - PreCopyModel.Resume).TotalSeconds, 6);
        Assert.InRange(compressed.SentMiB, 1025, PreCopyModel.Predict(busy).SentMiB - 1);
        Assert.Equal(PreCopyModel.Predict(busy).SentMiB, PreCopyModel.Predict(busy with { Mode = MigrationMode.Parallel }).SentMiB);
        Assert.True(PreCopyModel.Predict(busy with { Mode = MigrationMode.PostCopy, DirtyMiBs = 1000 }).Converges);
    }

    [Fact]
    public void More_writes_or_less_bandwidth_never_make_it_faster()
    {
        var random = new Random(1);
        for (var i = 0; i < 2000; i++)
        {
            var some = Guest with { DirtyMiBs = 150 * random.NextDouble(), WorkingSetMiB = 1024 * random.NextDouble(), BandwidthMiBs = 5 + (200 * random.NextDouble()), MaxDataFactor = 1000, MaxRounds = 10_000, MaxTime = TimeSpan.FromDays(1) };
            var (plain, wider) = (PreCopyModel.Predict(some), PreCopyModel.Predict(some with { BandwidthMiBs = some.BandwidthMiBs * 1.5 }));

            Assert.True(plain.Time > TimeSpan.Zero && plain.SentMiB >= 0 && plain.Downtime > TimeSpan.Zero, $"{some}: {plain}");
            Assert.True(!plain.Converges || wider.Converges, $"{some}");
            Assert.True(!plain.Converges || wider.Time <= plain.Time, $"{some}: {plain.Time} and with more {wider.Time}");
        }
    }

    [Theory]
    [InlineData(0, 100)]
    [InlineData(-1, 100)]
    [InlineData(1024, 0)]
    [InlineData(1024, double.NaN)]
    [InlineData(double.NaN, 100)]
    [InlineData(double.PositiveInfinity, 100)]
    public void What_can_not_be_is_refused(double memory, double bandwidth) =>
        Assert.Throws<ArgumentException>(() => PreCopyModel.Predict(Guest with { MemoryMiB = memory, BandwidthMiBs = bandwidth }));

    [Fact]
    public void Negative_or_absurd_extras_are_refused()
    {
        foreach (var wrong in new[]
        {
            Guest with { DirtyMiBs = -1 }, Guest with { DirtyMiBs = double.NaN }, Guest with { TouchedMiB = -1 }, Guest with { WorkingSetMiB = -1 }, Guest with { FreeCpuShare = 1.5 },
            Guest with { MaxRounds = 0 }, Guest with { MaxDataFactor = 0 }, Guest with { MaxTime = TimeSpan.Zero }, Guest with { MaxDowntime = TimeSpan.FromSeconds(-1) },
        })
        {
            Assert.Throws<ArgumentException>(() => PreCopyModel.Predict(wrong));
        }
    }
}
