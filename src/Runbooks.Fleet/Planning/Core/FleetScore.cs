namespace Runbooks.Fleet.Planning.Core;

/// <summary>What the parts of the score weigh. All are 0 or more; a part with weight 0 does not count.</summary>
public sealed record ScoreWeights
{
    /// <summary>Per watt of the hosts that carry VMs.</summary>
    public double Energy { get; init; }

    /// <summary>Per squared share of the cores that a host needs above the rule.</summary>
    public double Overload { get; init; }

    /// <summary>Per squared difference of a host's CPU share from the fleet's.</summary>
    public double CpuSpread { get; init; }

    /// <summary>Per squared difference of a host's memory share from the fleet's.</summary>
    public double MemorySpread { get; init; }

    /// <summary>Per squared difference of a host's number of VMs of one class from the mean, as a share of that mean.</summary>
    public double ClassSpread { get; init; }
}

/// <summary>The one score of a placement: lower is better. A sum over hosts, so a move changes two terms only.</summary>
/// <remarks>The fleet's averages are taken once, over the hosts that <c>counts</c> names: moves do not change them.</remarks>
public sealed class FleetScore
{
    private readonly DenseFleet fleet;
    private readonly bool[] counts;
    private readonly double cpu;
    private readonly double memory;
    private readonly double[] classMean = new double[DenseFleet.Classes];

    /// <param name="fleet">The fleet that is scored, as it is whenever a question is asked.</param>
    /// <param name="weights">What counts.</param>
    /// <param name="counts">Hosts over which loads are to be even; null for all. Energy and overload count everywhere.</param>
    public FleetScore(DenseFleet fleet, ScoreWeights weights, bool[]? counts = null)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        ArgumentNullException.ThrowIfNull(weights);
        this.fleet = fleet;
        Weights = weights;
        this.counts = counts ?? [.. Enumerable.Repeat(true, fleet.HostCount)];
        double cores = 0, used = 0, room = 0, held = 0;
        var hosts = 0;
        for (var h = 0; h < fleet.HostCount; h++)
        {
            if (!this.counts[h])
            {
                continue;
            }

            hosts++;
            cores += fleet.Host(h).Cores;
            used += fleet.MeanOf(h);
            room += fleet.Host(h).MemoryMiB;
            held += fleet.MemoryOf(h);
            for (var c = 0; c < DenseFleet.Classes; c++)
            {
                classMean[c] += fleet.CountOn(h, c);
            }
        }

        cpu = cores > 0 ? used / cores : 0;
        memory = room > 0 ? held / room : 0;
        for (var c = 0; c < DenseFleet.Classes; c++)
        {
            classMean[c] /= Math.Max(1, hosts);
        }
    }

    public ScoreWeights Weights { get; }

    /// <summary>The score of the placement as it is.</summary>
    public double Total()
    {
        var sum = 0.0;
        for (var h = 0; h < fleet.HostCount; h++)
        {
            sum += Term(h, DenseFleet.Nowhere, 0);
        }

        return sum;
    }

    /// <summary>By how much the score falls when a VM goes to another host; negative when it grows.</summary>
    public double Gain(int vm, int to)
    {
        var from = fleet.HostOf(vm);
        var gain = Term(to, DenseFleet.Nowhere, 0) - Term(to, vm, 1);
        return from < 0 ? gain : gain + Term(from, DenseFleet.Nowhere, 0) - Term(from, vm, -1);
    }

    /// <summary>Power of a host, watts; 0 when no VM is on it, for it can be switched off.</summary>
    public static double Watts(in DenseHost host, double load, int vms) =>
        vms == 0 ? 0 : host.Power?.At(load) ?? (host.IdleWatts + ((host.PeakWatts - host.IdleWatts) * Math.Clamp(load, 0, 1)));

    /// <summary>The term of one host, as it is or with one VM more (1) or fewer (-1).</summary>
    private double Term(int h, int vm, int sign)
    {
        ref readonly var host = ref fleet.Host(h);
        double mean = fleet.MeanOf(h), variance = fleet.VarianceOf(h), held = fleet.MemoryOf(h);
        var vms = fleet.CountOn(h);
        var changed = -1;
        if (vm >= 0)
        {
            ref readonly var v = ref fleet.Vm(vm);
            mean += sign * v.CpuMean;
            variance = Math.Max(0, variance + (sign * v.CpuVariance));
            held += sign * (double)v.MemoryMiB;
            vms += sign;
            changed = v.Class;
        }

        var share = mean / host.Cores;
        var term = Weights.Energy == 0 ? 0 : Weights.Energy * Watts(host, share, vms);
        if (Weights.Overload > 0)
        {
            term += Weights.Overload * Square(Math.Max(0, (fleet.NeedOf(mean, variance) / host.Cores) - fleet.Rule.CpuShare));
        }

        if (!counts[h])
        {
            return term;
        }

        term += Weights.CpuSpread * Square(share - cpu);
        term += Weights.MemorySpread == 0 ? 0 : Weights.MemorySpread * Square((held / Math.Max(1, host.MemoryMiB)) - memory);
        return Weights.ClassSpread == 0 ? term : term + (Weights.ClassSpread * ClassTerm(h, changed, sign));
    }

    private double ClassTerm(int h, int changed, int sign)
    {
        var sum = 0.0;
        for (var c = 0; c < DenseFleet.Classes; c++)
        {
            var n = fleet.CountOn(h, c) + (c == changed ? sign : 0);
            sum += Square((n - classMean[c]) / Math.Max(1, classMean[c]));
        }

        return sum;
    }

    private static double Square(double x) => x * x;
}
