namespace Runbooks.Fleet.Forecasting;

/// <summary>
/// The last loads of one VM, in two bytes each: a fleet of 10,000 VMs keeps a week of five-minute steps in 40 MB.
/// </summary>
/// <remarks>The memory grows with what was measured, up to <paramref name="capacity"/> steps; then the oldest is dropped.</remarks>
internal sealed class LoadHistory(int capacity)
{
    private const double Unit = ushort.MaxValue;
    private ushort[] loads = new ushort[Math.Min(capacity, 64)];
    private int next;

    /// <summary>Loads that are kept.</summary>
    public int Count { get; private set; }

    /// <param name="load">A share, 0 to 1; kept to 1/65535.</param>
    public void Add(double load)
    {
        if (Count == loads.Length && loads.Length < capacity)
        {
            Grow();
        }

        loads[next] = Units(load);
        next = next + 1 == loads.Length ? 0 : next + 1;
        Count = Math.Min(Count + 1, loads.Length);
    }

    /// <summary>The load that many steps before the newest one, which is 0; at most <see cref="Count"/> - 1.</summary>
    public double Ago(int steps)
    {
        var at = next - 1 - steps;
        return loads[at < 0 ? at + loads.Length : at] / Unit;
    }

    /// <summary>The load that many steps ago, or the oldest one that is known.</summary>
    public double AgoOrOldest(int steps) => Ago(Math.Min(steps, Count - 1));

    /// <summary>Writes the newest loads, the newest first; returns how many, fewer than asked for when there are no more.</summary>
    public int CopyTo(Span<float> newestFirst)
    {
        var n = Math.Min(newestFirst.Length, Count);
        var at = next;
        for (var i = 0; i < n; i++)
        {
            at = at == 0 ? loads.Length - 1 : at - 1;
            newestFirst[i] = (float)(loads[at] / Unit);
        }

        return n;
    }

    /// <summary>Mean of the newest loads; of all of them when there are fewer.</summary>
    public double Mean(int window)
    {
        var n = Math.Min(window, Count);
        var sum = 0.0;
        for (var i = 0; i < n; i++)
        {
            sum += Ago(i);
        }

        return sum / n;
    }

    /// <summary>A load as it would come back. Boundaries are rounded so too: then a load at one is not found below it.</summary>
    public static double Round(double load) => Units(load) / Unit;

    private static ushort Units(double load) => (ushort)Math.Round(Math.Clamp(load, 0, 1) * Unit);

    private void Grow()
    {
        var larger = new ushort[Math.Min(capacity, loads.Length * 2)];
        for (var i = 0; i < Count; i++)
        {
            var at = next - Count + i;
            larger[i] = loads[at < 0 ? at + loads.Length : at];
        }

        loads = larger;
        next = Count;
    }
}
