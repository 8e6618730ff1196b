namespace Runbooks.Fleet.Forecasting.Classes;

/// <summary>What one VM's history says about the chance that its load rises over the next class boundary.</summary>
internal sealed class ClassFeatures(double lowBelow, double highFrom)
{
    public const int Count = 63;
    private const int RecentLoads = 12;
    private static readonly double[] MeanWeights = [0.5, 0.2, 0.08, 0.03, 0.01];

    private readonly BoundaryRecord[] boundaries = [new(lowBelow), new(highFrom)];
    private readonly double[] means = new double[MeanWeights.Length];
    private double shortVariance;
    private double longVariance;
    private int seen;

    public BoundaryRecord At(int boundary) => boundaries[boundary];

    /// <summary>Takes in the newest load of the history.</summary>
    public void Observe(LoadHistory history)
    {
        var load = history.Ago(0);
        seen++;
        shortVariance += (Square(load - means[1]) - shortVariance) * 0.1 * (seen > 1 ? 1 : 0);
        longVariance += (Square(load - means[3]) - longVariance) * Math.Max(0.02, 1.0 / seen) * (seen > 1 ? 1 : 0);
        for (var k = 0; k < means.Length; k++)
        {
            means[k] += (load - means[k]) * Math.Max(MeanWeights[k], 1.0 / seen);
        }

        foreach (var boundary in boundaries)
        {
            boundary.Observe(history);
        }
    }

    /// <summary>Writes the features for the given boundary; the first is 1.</summary>
    /// <param name="features">Where to write, <see cref="Count"/> long.</param>
    /// <param name="boundary">0 for the one above class low, 1 for the one above medium.</param>
    /// <param name="history">The loads so far.</param>
    /// <param name="ahead">Steps ahead that are asked for.</param>
    public void Write(Span<float> features, int boundary, LoadHistory history, int ahead)
    {
        var record = boundaries[boundary];
        var b = record.Boundary;
        var to = new Writer(features);
        var now = (history.Ago(0) - b) * 4;
        var often = Logit(record.CrossingRate(0));
        var lately = Logit(record.CrossingRate(1));
        var share = Logit(record.Share(2));
        var shortSpread = Math.Sqrt(shortVariance) + 0.02;
        var longSpread = Math.Sqrt(longVariance) + 0.02;

        to.Add(1);
        WriteLevels(ref to, history, b);
        to.Add(often);
        to.Add(lately);
        to.Add(Logit(record.CrossingRate(2)));
        for (var k = 0; k < 4; k++)
        {
            to.Add(Logit(record.Share(k)));
        }

        to.Add(Math.Log(1 + record.Since));
        to.Add(record.LateSurprise * 4);
        to.Add(record.LongSurprise * 8);

        to.Add(shortSpread * 5);
        to.Add(longSpread * 5);
        to.Add((history.Ago(0) - b) / shortSpread / 2);
        to.Add((means[1] - b) / shortSpread / 2);
        to.Add((means[2] - b) / longSpread / 2);
        to.Add((means[3] - b) / longSpread / 2);

        // Products: how much the level says depends on how the VM behaves at the boundary.
        var level = (means[1] - b) * 4;
        var usual = (means[2] - b) * 4;
        to.Add(often * often / 4);
        to.Add(often * lately / 4);
        to.Add(lately * lately / 4);
        to.Add(share * share / 4);
        to.Add(share * often / 4);
        to.Add(now * often);
        to.Add(now * share);
        to.Add(level * often);
        to.Add(level * level);
        to.Add(now * now);
        to.Add(now * usual);
        to.Add(longSpread * often);
        to.Add(longSpread * usual * 5);
        WriteRepeats(ref to, record, history, ahead, often);
        var like = LikeBefore.In(history, b, ahead, longSpread, record.CrossingRate(0));
        to.Add(Logit(like.ByOne));
        to.Add(Logit(like.ByTwo));
        to.Add(Logit(like.ByThree));
        to.Add(Logit(like.ByTwo) * Logit(like.ByTwo) / 4);
        to.End();
    }

    private void WriteLevels(ref Writer to, LoadHistory history, double b)
    {
        double sum = 0, most = 0;
        for (var i = 0; i < RecentLoads; i++)
        {
            var load = history.AgoOrOldest(i);
            sum += load;
            most = Math.Max(most, load);
            to.Add((load - b) * 4);
        }

        foreach (var mean in means)
        {
            to.Add((mean - b) * 4);
        }

        var recent = sum / RecentLoads;
        to.Add((recent - b) * 4);
        to.Add(recent >= b ? 1 : 0);
        to.Add((most - b) * 2);
    }

    private static void WriteRepeats(ref Writer to, BoundaryRecord record, LoadHistory history, int ahead, double often)
    {
        var (speaking, silent) = record.Repeats(history, ahead);
        var said = Logit(speaking);
        to.Add(said);
        to.Add(Logit(silent));
        to.Add(said * said / 4);
        to.Add(said * often / 4);
        foreach (var lag in (ReadOnlySpan<int>)[2, 3, 6, 12, 24])
        {
            var ago = Math.Max(0, lag - ahead);
            to.Add(ago < history.Count && history.Ago(ago) >= record.Boundary ? 1 : 0);
        }
    }

    private static double Logit(double share) => Math.Log((share + 0.02) / (1 - share + 0.02));

    private static double Square(double x) => x * x;

    private ref struct Writer(Span<float> features)
    {
        private readonly Span<float> features = features;
        private int next;

        public void Add(double value) => features[next++] = (float)value;

        public readonly void End()
        {
            if (next != features.Length)
            {
                throw new InvalidOperationException($"{next} features were written, {features.Length} were promised.");
            }
        }
    }
}
