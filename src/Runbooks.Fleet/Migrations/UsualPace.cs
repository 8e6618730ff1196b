namespace Runbooks.Fleet.Migrations;

/// <summary>
/// What migrations usually take beside the sending, and how much longer the sending takes than it should: a line through the
/// newest 51 of (data / bandwidth, time), by the medians of its slopes and of what is left (Theil and Sen), so that disturbed
/// migrations do not move it.
/// </summary>
internal sealed class UsualPace
{
    private const int Kept = 51;

    /// <summary>Points whose sending times are closer than this say nothing about the slope, seconds.</summary>
    private const double Apart = 0.5;

    private readonly Queue<(double Sending, double Took)> points = new();

    /// <summary>Seconds, 0 or more.</summary>
    public double SetUp { get; private set; } = PreCopyModel.SetUp.TotalSeconds + PreCopyModel.Resume.TotalSeconds;

    /// <summary>From 0.5 to 8; 1: the sending takes what data and bandwidth say.</summary>
    public double Slowness { get; private set; } = 1;

    /// <param name="sending">Data / bandwidth, seconds.</param>
    /// <param name="took">The migration's time, seconds.</param>
    public void Learn(double sending, double took)
    {
        points.Enqueue((sending, took));
        if (points.Count > Kept)
        {
            _ = points.Dequeue();
        }

        (double Sending, double Took)[] all = [.. points];
        var slopes = new List<double>();
        for (var i = 0; i < all.Length; i++)
        {
            for (var j = i + 1; j < all.Length; j++)
            {
                if (Math.Abs(all[i].Sending - all[j].Sending) > Apart)
                {
                    slopes.Add((all[i].Took - all[j].Took) / (all[i].Sending - all[j].Sending));
                }
            }
        }

        Slowness = slopes.Count < all.Length ? 1 : Math.Clamp(Median(slopes), 0.5, 8);
        SetUp = Math.Max(0, Median(all.Select(p => p.Took - (Slowness * p.Sending))));
    }

    private static double Median(IEnumerable<double> values) => ForecastErrors.Quantile([.. values.Order()], 0.5);
}
