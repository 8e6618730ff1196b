namespace Runbooks.Fleet.Forecasting.Quantiles;

/// <summary>
/// How far the quantiles of the whole fleet lie from what is expected, in units of each VM's usual miss. A VM without a
/// past starts from these.
/// </summary>
internal sealed class PooledOffsets
{
    private const double Rate = 0.5;

    /// <summary>Where a fleet without a past starts: wider above than below, as loads are.</summary>
    private readonly double[] offsets = [-1.5, -1.2, -0.7, -0.1, 0.5, 1.5, 2.5, 5.0];
    private readonly int[] above = new int[QuantileLevels.Count];
    private double misses;
    private int checks;
    private int scales;

    /// <summary>The usual miss of a VM of this fleet, as a share; 0.05 before anything was measured.</summary>
    public double UsualMiss { get; private set; } = 0.05;

    public double this[int level] => offsets[level];

    /// <summary>Takes in a miss in units of the VM's usual one.</summary>
    public void Add(double scaled)
    {
        checks++;
        for (var i = 0; i < QuantileLevels.Count; i++)
        {
            above[i] += scaled > offsets[i] ? 1 : 0;
        }
    }

    public void AddScale(double usual)
    {
        misses += usual;
        scales++;
    }

    /// <summary>Ends a step: moves each offset by how much more, or less, than its share lay above it.</summary>
    public void EndStep()
    {
        for (var i = 0; i < QuantileLevels.Count && checks > 0; i++)
        {
            // A fleet of a few VMs says little in one step.
            var trust = Math.Min(1, checks / 50.0);
            offsets[i] += Rate * trust * (((double)above[i] / checks) - (1 - QuantileLevels.At(i)));
        }

        UsualMiss = scales > 0 ? Math.Max(OwnOffsets.LeastMiss, misses / scales) : UsualMiss;
        Array.Clear(above);
        (checks, scales, misses) = (0, 0, 0);
    }
}
