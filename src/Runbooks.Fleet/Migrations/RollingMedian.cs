namespace Runbooks.Fleet.Migrations;

/// <summary>The median of the newest values: enough that one odd value does not move it, few enough to follow a change.</summary>
internal sealed class RollingMedian
{
    private const int Kept = 51;

    private readonly Queue<double> values = new();

    /// <summary>Null before the first value.</summary>
    public double? Value { get; private set; }

    public void Add(double value)
    {
        values.Enqueue(value);
        if (values.Count > Kept)
        {
            _ = values.Dequeue();
        }

        Value = ForecastErrors.Quantile([.. values.Order()], 0.5);
    }
}
