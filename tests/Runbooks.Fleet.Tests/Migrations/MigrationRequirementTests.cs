using Runbooks.Fleet.Migrations;

namespace Runbooks.Fleet.Tests.Migrations;

public sealed class MigrationRequirementTests
{
    private static MigrationCase Guest { get; } = new("kvm", MigrationMode.PreCopy, 1024, 100) { DirtyMiBs = 20 };

    [Fact]
    public void The_bandwidth_that_is_named_suffices_and_a_little_less_does_not()
    {
        var forecaster = new MigrationForecaster();
        foreach (var seconds in new[] { 2.0, 5, 10, 30, 55 })
        {
            var needed = forecaster.RequiredFor(Guest, TimeSpan.FromSeconds(seconds), mostMiBs: 1200);

            Assert.NotNull(needed.BandwidthMiBs);
            Assert.True(forecaster.Predict(Guest with { BandwidthMiBs = needed.BandwidthMiBs.Value }) is { Converges: true } enough && enough.Time.TotalSeconds <= seconds, $"{seconds} s: {needed}");
            Assert.False(forecaster.Predict(Guest with { BandwidthMiBs = needed.BandwidthMiBs.Value * 0.99 }) is { Converges: true } less && less.Time.TotalSeconds <= seconds, $"{seconds} s: {needed}");
            Assert.Contains("not known yet", needed.Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_deadline_that_the_path_can_not_keep_says_why()
    {
        var needed = new MigrationForecaster().RequiredFor(Guest, TimeSpan.FromSeconds(1), mostMiBs: 200);

        Assert.Null(needed.BandwidthMiBs);
        Assert.Contains("Even 200 MiB/s would take", needed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_guest_that_outruns_the_path_is_said_not_to_converge()
    {
        var needed = new MigrationForecaster().RequiredFor(Guest with { DirtyMiBs = 500 }, TimeSpan.FromHours(1), mostMiBs: 200);

        Assert.Null(needed.BandwidthMiBs);
        Assert.Contains("too fast for the copy to converge", needed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cpu_would_change_is_said_once_it_was_learnt()
    {
        var forecaster = new MigrationForecaster();
        MigrationForecasterTests.Teach(forecaster, new Random(1), 400);
        var slow = Guest with { FreeCpuShare = 0.2 };
        var deadline = forecaster.Predict(slow with { FreeCpuShare = 0.6 }).Time;

        var needed = forecaster.RequiredFor(slow, deadline, mostMiBs: 1200);

        Assert.InRange(needed.FreeCpuShare!.Value, 0.58, 0.62);
        Assert.DoesNotContain("not known yet", needed.Reason, StringComparison.Ordinal);
        Assert.Null(forecaster.RequiredFor(slow, deadline / 3, mostMiBs: 1200).FreeCpuShare);
    }
}
