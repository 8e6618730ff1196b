namespace Runbooks.Bench.Planning;

/// <summary>Generated loads for a benchmark without traces: what they are made of is known, so is what a forecast can reach.</summary>
internal static class SyntheticLoads
{
    private const int Day = 288;

    public static IEnumerable<MeasuredLoads> All()
    {
        yield return Swings(500, 3 * Day, seed: 1);
        yield return Days(500, 4 * Day, seed: 2);
        yield return Spikes(500, 2 * Day, seed: 3);
    }

    /// <summary>Loads that swing about a level of their own and return to it, each at its own speed.</summary>
    public static MeasuredLoads Swings(int vms, int steps, int seed) => Make("generated swings", vms, steps, seed, random =>
    {
        var level = 0.05 + (0.5 * random.NextDouble());
        var kept = random.NextDouble() * 0.95;
        var noise = 0.2 * level * Math.Sqrt(1 - (kept * kept));
        var off = 0.0;
        return _ => level + (off = (kept * off) + (noise * Normal(random)));
    });

    /// <summary>Loads with the shape of a day, and noise.</summary>
    public static MeasuredLoads Days(int vms, int steps, int seed) => Make("generated days", vms, steps, seed, random =>
    {
        var level = 0.15 + (0.3 * random.NextDouble());
        var phase = random.Next(Day);
        var height = level * (0.3 + (0.6 * random.NextDouble()));
        return step => level + (height * Math.Sin(2 * Math.PI * (step + phase) / Day)) + (0.03 * Normal(random));
    });

    /// <summary>Quiet loads, with bursts that come without notice and last some steps.</summary>
    public static MeasuredLoads Spikes(int vms, int steps, int seed) => Make("generated spikes", vms, steps, seed, random =>
    {
        var left = 0;
        return _ =>
        {
            left = left > 0 ? left - 1 : random.NextDouble() < 0.02 ? random.Next(1, 8) : 0;
            return (left > 0 ? 0.7 : 0.08) + (0.03 * Normal(random));
        };
    });

    private static MeasuredLoads Make(string name, int vms, int steps, int seed, Func<Random, Func<int, double>> begin)
    {
        var random = new Random(seed);
        var rows = new double[vms][];
        for (var vm = 0; vm < vms; vm++)
        {
            var next = begin(random);
            rows[vm] = [.. Enumerable.Range(0, steps).Select(s => Math.Clamp(next(s), 0, 1))];
        }

        return new MeasuredLoads(name, [.. Enumerable.Range(0, vms).Select(v => $"vm{v}")], rows);
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
