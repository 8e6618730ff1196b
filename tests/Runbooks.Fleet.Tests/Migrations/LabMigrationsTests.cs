using Runbooks.Fleet.Migrations;

namespace Runbooks.Fleet.Tests.Migrations;

/// <summary>Ninety migrations between real hosts of the lab (<c>lab.jsonl</c>): what half of them teach holds for the other half.</summary>
public sealed class LabMigrationsTests
{
    private static readonly MigrationRecord[] All =
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Migrations", "lab.jsonl")).Select(MigrationText.Read<MigrationRecord>)];

    public static TheoryData<int> Seeds => [1, 2, 3, 4, 5, 6, 7, 8];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void The_goals_of_the_model_are_met(int seed)
    {
        var (learnt, second) = LearnHalf(seed);
        var moved = second.Where(r => r.Outcome == MigrationOutcome.Moved).ToList();
        var failed = second.Where(r => r.Outcome == MigrationOutcome.DidNotConverge).ToList();

        double[] time = Errors(moved, r => learnt.Predict(r.Case).Time / r.Time!.Value);
        double[] sent = Errors(moved, r => learnt.Predict(r.Case).SentMiB / r.SentMiB!.Value);
        double[] rule = Errors(moved, r => r.Case.MemoryMiB / r.Case.BandwidthMiBs / r.Time!.Value.TotalSeconds);

        Assert.True(time[time.Length / 2] <= 0.1, $"median error of the time {time[time.Length / 2]:P1}");
        Assert.True(sent[sent.Length / 2] <= 0.1, $"median error of the data {sent[sent.Length / 2]:P1}");
        Assert.True(rule[rule.Length / 2] > 2 * time[time.Length / 2], $"memory / bandwidth alone: {rule[rule.Length / 2]:P1}, the model {time[time.Length / 2]:P1}");
        Assert.All(failed, r => Assert.False(learnt.Predict(r.Case).Converges, $"{r.Case}"));
        Assert.True(moved.Count(r => !learnt.Predict(r.Case).Converges) < moved.Count / 4, "Too many false alarms.");
    }

    private static (MigrationForecaster Learnt, MigrationRecord[] Second) LearnHalf(int seed)
    {
        MigrationRecord[] shuffled = [.. All];
        new Random(seed).Shuffle(shuffled);
        var learnt = new MigrationForecaster();
        foreach (var record in shuffled.Take(shuffled.Length / 2).OrderBy(r => r.EndedAt))
        {
            learnt.Learn(record);
        }

        return (learnt, [.. shuffled.Skip(shuffled.Length / 2)]);
    }

    private static double[] Errors(IEnumerable<MigrationRecord> records, Func<MigrationRecord, double> ratio) => [.. records.Select(r => Math.Abs(ratio(r) - 1)).Order()];
}
