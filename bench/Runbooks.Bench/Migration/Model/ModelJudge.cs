using Runbooks.Fleet.Migrations;

namespace Runbooks.Bench.Migration.Model;

/// <summary>What a model that has learnt from one half of the migrations says of the other half.</summary>
/// <param name="Migrations">All of them, in both halves.</param>
/// <param name="Judged">Of the second half, those that moved their VM.</param>
/// <param name="MedianTimeErrorPct">Half of the forecasts of the time missed by less, percent of the measured time.</param>
/// <param name="P90TimeErrorPct">Nine in ten missed by less.</param>
/// <param name="MedianBytesErrorPct">The same of the data sent.</param>
/// <param name="P90BytesErrorPct">The same of the data sent.</param>
/// <param name="NotConverged">Migrations of the second half that did not converge.</param>
/// <param name="NonConvergenceRecallPct">Share of those that was foretold; null when there were none.</param>
/// <param name="FalseAlarms">Migrations of the second half that were foretold not to converge, and moved.</param>
/// <param name="CalculatedMedianTimeErrorPct">The calculation alone, without what was learnt.</param>
/// <param name="BaselineMedianTimeErrorPct">The rule memory / bandwidth.</param>
/// <param name="RangeCoveragePct">Share of the times within the range that was to hold 90 %; null while no range is given.</param>
internal sealed record ModelVerdict(
    int Migrations,
    int Judged,
    double MedianTimeErrorPct,
    double P90TimeErrorPct,
    double MedianBytesErrorPct,
    double P90BytesErrorPct,
    int NotConverged,
    double? NonConvergenceRecallPct,
    int FalseAlarms,
    double CalculatedMedianTimeErrorPct,
    double BaselineMedianTimeErrorPct,
    double? RangeCoveragePct);

/// <summary>Teaches a forecaster one half of the migrations and judges it by the other. Pure.</summary>
internal static class ModelJudge
{
    /// <exception cref="BenchException">There are too few to say anything.</exception>
    public static ModelVerdict Judge(IReadOnlyList<MigrationRecord> records, int seed)
    {
        // Times of day differ in how busy the machine is: both halves get some of each.
        MigrationRecord[] shuffled = [.. records];
        new Random(seed).Shuffle(shuffled);
        var learnt = new MigrationForecaster();
        foreach (var record in shuffled.Take(shuffled.Length / 2).OrderBy(r => r.EndedAt))
        {
            learnt.Learn(record);
        }

        MigrationRecord[] second = [.. shuffled.Skip(shuffled.Length / 2)];
        MigrationRecord[] moved = [.. second.Where(r => r is { Outcome: MigrationOutcome.Moved, Time: not null, SentMiB: > 0 })];
        MigrationRecord[] failed = [.. second.Where(r => r.Outcome == MigrationOutcome.DidNotConverge)];
        if (moved.Length < 5)
        {
            throw new BenchException($"Only {moved.Length} of {records.Count} migrations can be judged; at least 5 are needed.");
        }

        var said = moved.ToDictionary(r => r, r => learnt.Predict(r.Case));
        var withRange = said.Where(p => p.Value.TimeRange.High > p.Value.TimeRange.Low).ToList();
        double[] time = Sorted(moved, r => said[r].Time / r.Time!.Value);
        double[] sent = Sorted(moved, r => said[r].SentMiB / r.SentMiB!.Value);
        return new ModelVerdict(
            records.Count,
            moved.Length,
            Quantile(time, 0.5),
            Quantile(time, 0.9),
            Quantile(sent, 0.5),
            Quantile(sent, 0.9),
            failed.Length,
            failed.Length == 0 ? null : 100.0 * failed.Count(r => !learnt.Predict(r.Case).Converges) / failed.Length,
            moved.Count(r => !said[r].Converges),
            Quantile(Sorted(moved, r => PreCopyModel.Predict(r.Case).Time / r.Time!.Value), 0.5),
            Quantile(Sorted(moved, r => r.Case.MemoryMiB / r.Case.BandwidthMiBs / r.Time!.Value.TotalSeconds), 0.5),
            withRange.Count == 0 ? null : 100.0 * withRange.Count(p => p.Key.Time >= p.Value.TimeRange.Low && p.Key.Time <= p.Value.TimeRange.High) / withRange.Count);
    }

    private static double[] Sorted(IEnumerable<MigrationRecord> records, Func<MigrationRecord, double> ratio) =>
        [.. records.Select(r => 100 * Math.Abs(ratio(r) - 1)).Order()];

    private static double Quantile(double[] sorted, double level)
    {
        var place = level * (sorted.Length - 1);
        var (low, high) = ((int)place, (int)Math.Ceiling(place));
        return sorted[low] + ((place - low) * (sorted[high] - sorted[low]));
    }
}
