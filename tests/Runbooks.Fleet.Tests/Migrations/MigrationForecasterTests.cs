using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Tests.Migrations;

public sealed class MigrationForecasterTests
{
    [Fact]
    public void Before_thirty_migrations_the_calculation_speaks_and_says_so()
    {
        var forecaster = new MigrationForecaster();
        var random = new Random(1);
        Teach(forecaster, random, 29);
        var migration = Draw(random);

        var forecast = forecaster.Predict(migration);

        Assert.Equal(PreCopyModel.Predict(migration).Time, forecast.Time);
        Assert.Equal((forecast.Time, forecast.Time), forecast.TimeRange);
        Assert.Contains("29 of 30", forecast.Model, StringComparison.Ordinal);
        Assert.False(Assert.Single(forecaster.Figures()).IsUsed);
    }

    [Fact]
    public void What_hosts_do_differently_from_the_calculation_is_learnt()
    {
        var forecaster = new MigrationForecaster();
        var random = new Random(2);
        Teach(forecaster, random, 300);

        var (learnt, calculated) = (Errors(forecaster.Predict, random), Errors(PreCopyModel.Predict, new Random(99)));

        Assert.True(learnt < 0.05, $"median error {learnt:P1}");
        Assert.True(calculated > 0.2, $"the calculation alone: {calculated:P1}");
        var figures = Assert.Single(forecaster.Figures());
        Assert.Equal(300, figures.Learnt);
        Assert.True(figures.Time.R2 > 0.9, $"{figures.Time}");
        Assert.True(figures.Time.MedianErrorPct < figures.CalculatedTime.MedianErrorPct / 2, $"{figures}");
        Assert.InRange(figures.Time.CoveragePct!.Value, 80, 99);
    }

    [Fact]
    public void Nine_in_ten_lie_in_the_range()
    {
        var forecaster = new MigrationForecaster();
        var random = new Random(3);
        Teach(forecaster, random, 200);

        var within = Enumerable.Range(0, 500).Count(_ =>
        {
            var migration = Draw(random);
            var time = Measured(migration, random);
            var (low, high) = forecaster.Predict(migration).TimeRange;
            return time >= low && time <= high;
        });

        Assert.InRange(within, 410, 498);
    }

    [Fact]
    public void Disturbed_migrations_do_not_spoil_what_was_learnt()
    {
        var forecaster = new MigrationForecaster();
        var random = new Random(4);
        Teach(forecaster, random, 150);
        for (var i = 0; i < 60; i++)
        {
            var migration = Draw(random);
            forecaster.Learn(i % 4 == 0 ? Moved(migration, Measured(migration, random) * 5) : Moved(migration, Measured(migration, random)));
        }

        var error = Errors(forecaster.Predict, random);

        Assert.True(error < 0.12, $"median error {error:P1}");
    }

    [Fact]
    public void A_change_of_the_hosts_is_followed()
    {
        var forecaster = new MigrationForecaster();
        var random = new Random(5);
        Teach(forecaster, random, 200);
        Teach(forecaster, random, 300, slower: 1.5);

        var error = Errors(forecaster.Predict, random, slower: 1.5);

        Assert.True(error < 0.1, $"median error {error:P1}");
    }

    [Fact]
    public void An_interrupted_migration_teaches_nothing_but_that_it_was()
    {
        var forecaster = new MigrationForecaster();
        var random = new Random(6);
        Teach(forecaster, random, 40);
        var migration = Draw(random);
        var before = forecaster.Predict(migration);

        for (var i = 0; i < 50; i++)
        {
            forecaster.Learn(Moved(migration, TimeSpan.FromSeconds(1)) with { Outcome = MigrationOutcome.NotMoved });
            forecaster.Learn(Moved(migration, TimeSpan.FromSeconds(90)) with { Outcome = MigrationOutcome.DidNotConverge });
        }

        Assert.Equal(before, forecaster.Predict(migration));
        var figures = Assert.Single(forecaster.Figures());
        Assert.Equal((40, 50), (figures.Learnt, figures.Failed));
    }

    [Fact]
    public void Hypervisors_and_modes_are_learnt_apart()
    {
        var forecaster = new MigrationForecaster();
        var random = new Random(7);
        Teach(forecaster, random, 100);
        var migration = Draw(random);

        Assert.Equal(PreCopyModel.Predict(migration with { Hypervisor = "xen" }).Time, forecaster.Predict(migration with { Hypervisor = "xen" }).Time);
        Assert.Equal(PreCopyModel.Predict(migration with { Mode = MigrationMode.Hybrid }).Time, forecaster.Predict(migration with { Mode = MigrationMode.Hybrid }).Time);
        Assert.NotEqual(PreCopyModel.Predict(migration).Time, forecaster.Predict(migration).Time);
    }

    [Fact]
    public void The_hypervisors_own_memory_is_learnt_apart_for_guests_that_were_started_and_that_came()
    {
        var forecaster = new MigrationForecaster();
        var guest = new MigrationCase("kvm", MigrationMode.PreCopy, 1024, 100);
        foreach (var (moved, resident, first) in new[] { (false, 410.0, 300.0), (true, 381.0, 300.0), (false, 610.0, 500.0), (false, 999.0, 100.0), (true, 680.0, 600.0), (true, 282.0, 200.0) })
        {
            forecaster.Learn(Moved(guest with { ResidentMiB = resident, HasMoved = moved }, TimeSpan.FromSeconds(4)) with { FirstRoundMiB = first });
        }

        Assert.Equal(390, forecaster.Predict(guest with { ResidentMiB = 500 }).SentMiB, 6);
        Assert.Equal(419, forecaster.Predict(guest with { ResidentMiB = 500, HasMoved = true }).SentMiB, 6);
        Assert.Equal(50, forecaster.Predict(guest with { ResidentMiB = 500, TouchedMiB = 50 }).SentMiB, 6);
        Assert.Equal(1024, forecaster.Predict(guest with { ResidentMiB = 5000 }).SentMiB, 6);
    }

    [Fact]
    public void The_same_migrations_give_the_same_forecasts_to_the_bit()
    {
        var forecasts = Enumerable.Range(0, 2).Select(_ =>
        {
            var forecaster = new MigrationForecaster();
            Teach(forecaster, new Random(8), 120);
            return forecaster.Predict(Draw(new Random(9)));
        }).ToList();

        Assert.Equal(forecasts[0], forecasts[1]);
    }

    internal static MigrationCase Draw(Random random)
    {
        var bandwidth = 20 + (200 * random.NextDouble());
        return new MigrationCase("kvm", MigrationMode.PreCopy, 256 + (4096 * random.NextDouble()), bandwidth)
        {
            DirtyMiBs = bandwidth * 0.7 * random.NextDouble(),
            FreeCpuShare = 0.1 + (0.9 * random.NextDouble()),
            MaxDataFactor = 20,
        };
    }

    internal static void Teach(MigrationForecaster forecaster, Random random, int count, double slower = 1)
    {
        for (var i = 0; i < count; i++)
        {
            var migration = Draw(random);
            forecaster.Learn(Moved(migration, Measured(migration, random) * slower));
        }
    }

    /// <summary>Hosts that send 20 % less than they should, more so when their CPUs are busy, with a spread of 3 %.</summary>
    private static TimeSpan Measured(MigrationCase migration, Random random) =>
        PreCopyModel.Predict(migration).Time * 1.2 * Math.Pow(migration.FreeCpuShare!.Value, -0.4) * Math.Exp(0.03 * ((random.NextDouble() + random.NextDouble() + random.NextDouble()) - 1.5) * 2);

    private static MigrationRecord Moved(MigrationCase migration, TimeSpan time) =>
        new("run", new VmName("vm"), new HostName("h1"), new HostName("h2"), DateTimeOffset.UnixEpoch, migration, null, MigrationOutcome.Moved)
        {
            Time = time,
            SentMiB = PreCopyModel.Predict(migration).SentMiB,
            Downtime = TimeSpan.FromMilliseconds(100),
        };

    private static double Errors(Func<MigrationCase, MigrationForecast> predict, Random random, double slower = 1)
    {
        double[] errors = [.. Enumerable.Range(0, 300).Select(_ =>
        {
            var migration = Draw(random);
            return Math.Abs((predict(migration).Time / (Measured(migration, random) * slower)) - 1);
        }).Order()];
        return errors[150];
    }
}
