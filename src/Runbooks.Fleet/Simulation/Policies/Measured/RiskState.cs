using Runbooks.Fleet.Planning.Core;
using Runbooks.Fleet.Simulation.Cluster;

namespace Runbooks.Fleet.Simulation.Policies.Measured;

/// <summary>
/// A placement with the risk of each host: the chance that its VMs ask for more than its CPU at a sample. It stands on the
/// planner's core and adds what was measured: for each host the sums of its VMs' demands at each past sample, so that VMs
/// that peak together show.
/// </summary>
internal sealed class RiskState
{
    private const double Steps = 32;
    private const double Widest = 4;

    /// <summary>The chance that a normal variable stays below −4 to 4 deviations (logistic approximation, error below 0.01).</summary>
    private static readonly double[] Chance = [.. Enumerable.Range(0, (int)(2 * Widest * Steps) + 1).Select(i => 1 / (1 + Math.Exp(-1.702 * ((i / Steps) - Widest))))];

    private readonly double[][] sums;
    private readonly double[] now;
    private readonly double[] risk;
    private readonly double arrivalShare;
    private readonly List<(int Vm, int From)> log = [];

    public RiskState(ClusterView cluster, DemandHistory demand, RunbooksOptions options)
    {
        (Cluster, Demand, arrivalShare) = (cluster, demand, options.ArrivalShare);
        Fleet = new DenseFleet(
            [.. Enumerable.Range(0, cluster.Hosts).Select(h => new DenseHost(cluster.Mips[h], Whole(cluster.HardRamMb ?? double.MaxValue)))],
            [.. Enumerable.Range(0, cluster.Vms).Select(v => new DenseVm(cluster.HostOf(v), demand.Mean[v], demand.Variance[v], (int)Math.Ceiling(cluster.VmRamMb[v]), 1))],
            new CpuRule(1, options.FirstSigmas));
        now = cluster.Sum(demand.Now);
        risk = new double[cluster.Hosts];
        sums = [.. Enumerable.Range(0, cluster.Hosts).Select(_ => Array.Empty<double>())];
        for (var v = 0; v < cluster.Vms; v++)
        {
            Sum(v, cluster.HostOf(v), 1);
        }

        for (var h = 0; h < cluster.Hosts; h++)
        {
            risk[h] = RiskOf(h, -1, 0);
        }
    }

    public ClusterView Cluster { get; }

    public DemandHistory Demand { get; }

    /// <summary>Means, variances, memory and places, in MIPS and MB.</summary>
    public DenseFleet Fleet { get; }

    /// <summary>Hosts expected to be overloaded at a sample.</summary>
    public double TotalRisk => risk.Sum();

    /// <summary>Hosts with VMs.</summary>
    public IEnumerable<int> Used => Enumerable.Range(0, Cluster.Hosts).Where(IsUsed);

    public bool IsUsed(int host) => Fleet.CountOn(host) > 0;

    /// <summary>Demand on a host at the last sample, MIPS.</summary>
    public double NowOn(int host) => now[host];

    public double Risk(int host) => risk[host];

    public double RiskWith(int vm, int host) => RiskOf(host, vm, 1);

    public double RiskWithout(int vm) => RiskOf(Fleet.HostOf(vm), vm, -1);

    /// <summary>VMs of a host, as they are now.</summary>
    public List<int> VmsOn(int host)
    {
        var vms = new List<int>(Fleet.CountOn(host));
        for (var v = Fleet.FirstOn(host); v >= 0; v = Fleet.NextOn(v))
        {
            vms.Add(v);
        }

        return vms;
    }

    /// <summary>The host with the least watts at full load for its CPU that is empty and can carry a VM; -1 when there is none.</summary>
    public int EmptyHostFor(int vm) => Enumerable.Range(0, Cluster.Hosts)
        .Where(h => !IsUsed(h) && Cluster.CoreMips[h] >= Cluster.VmMips[vm])
        .OrderBy(h => Cluster.Models[h].Power.Full / Cluster.Mips[h])
        .FirstOrDefault(-1);

    /// <summary>A VM may arrive now: speed of a core, the demand of this moment, and memory.</summary>
    public bool HasRoom(int vm, int host) =>
        Cluster.CoreMips[host] >= Demand.Now[vm]
        && now[host] + Demand.Now[vm] <= Cluster.Mips[host] * arrivalShare
        && (Fleet.Broken(vm, host) & Limits.Memory) == Limits.None;

    /// <summary>The used host whose risk grows least through a VM, and by how much; -1 when none has room.</summary>
    public (int Host, double Growth) Safest(int vm)
    {
        var (best, least) = (-1, double.PositiveInfinity);
        for (var h = 0; h < Cluster.Hosts; h++)
        {
            if (!IsUsed(h) || h == Fleet.HostOf(vm) || !HasRoom(vm, h))
            {
                continue;
            }

            var growth = RiskWith(vm, h) - risk[h];
            (best, least) = growth < least ? (h, growth) : (best, least);
        }

        return (best, least);
    }

    /// <summary>Moves made so far, for <see cref="UndoTo"/>.</summary>
    public int Mark => log.Count;

    public void Move(int vm, int to)
    {
        var from = Fleet.HostOf(vm);
        log.Add((vm, from));
        Fleet.Move(vm, to);
        Carry(vm, from, to);
    }

    public void UndoTo(int mark)
    {
        for (var i = log.Count - 1; i >= mark; i--)
        {
            var (vm, from) = log[i];
            var to = Fleet.HostOf(vm);
            Fleet.UndoTo(i);
            Carry(vm, to, from);
        }

        log.RemoveRange(mark, log.Count - mark);
    }

    private void Carry(int vm, int from, int to)
    {
        Sum(vm, from, -1);
        Sum(vm, to, 1);
        now[from] -= Demand.Now[vm];
        now[to] += Demand.Now[vm];
        risk[from] = RiskOf(from, -1, 0);
        risk[to] = RiskOf(to, -1, 0);
    }

    private void Sum(int vm, int host, int sign)
    {
        if (sums[host].Length == 0)
        {
            sums[host] = new double[Demand.Samples];
        }

        var sum = sums[host];
        var past = Demand.Past(vm);
        for (var j = 0; j < sum.Length; j++)
        {
            sum[j] += sign * past[j];
        }
    }

    /// <summary>
    /// The share of past samples at which the VMs together would have been above the host's CPU, each smoothed by a part of
    /// the variance: with few samples it is the usual "mean and so many deviations", with many it is what was seen.
    /// </summary>
    private double RiskOf(int host, int vm, int sign)
    {
        if (Fleet.CountOn(host) + sign <= 0)
        {
            return 0;
        }

        var variance = Fleet.VarianceOf(host) + (sign == 0 ? 0 : sign * Demand.Variance[vm]);
        var scale = Steps / Math.Sqrt(Math.Max(1, variance) * Demand.Smoothing);
        var sum = sums[host];
        var past = sign == 0 ? [] : Demand.Past(vm);
        var capacity = Cluster.Mips[host];
        var over = 0.0;
        for (var j = 0; j < Demand.Samples; j++)
        {
            var demand = (sum.Length == 0 ? 0 : sum[j]) + (sign == 0 ? 0 : sign * past[j]);
            var place = ((demand - capacity) * scale) + (Widest * Steps) + 0.5;
            over += place <= 0 ? 0 : place >= Chance.Length - 1 ? 1 : Chance[(int)place];
        }

        return over / Demand.Samples;
    }

    private static long Whole(double megabytes) => megabytes >= long.MaxValue / 2 ? long.MaxValue / 2 : (long)megabytes;
}
