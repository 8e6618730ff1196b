using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Runbooks.Fleet.Simulation.Traces;

namespace Runbooks.Fleet.Simulation.Cluster;

/// <summary>One VM goes to a host.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SimulatedMove(int Vm, int To);

/// <summary>
/// What a policy sees at a decision: the machines, where each VM is or is on its way to, and the loads measured so far.
/// The future can't be asked for.
/// </summary>
public sealed class ClusterView
{
    private readonly LoadTrace trace;
    private readonly List<int>[] vmsOf;

    /// <param name="setup">The machines.</param>
    /// <param name="trace">Loads of the VMs.</param>
    /// <param name="ramMb">Memory that each host's VMs may take at any time, MB; null when memory is a limit for the first placement alone.</param>
    /// <exception cref="ArgumentException">The memory limit is not above 0.</exception>
    public ClusterView(ClusterSetup setup, LoadTrace trace, double? ramMb)
    {
        ArgumentNullException.ThrowIfNull(setup);
        ArgumentNullException.ThrowIfNull(trace);
        if (ramMb is <= 0)
        {
            throw new ArgumentException($"The memory of a host is {ramMb} MB; it must be above 0.", nameof(ramMb));
        }

        this.trace = trace;
        Setup = setup;
        HardRamMb = ramMb;
        Models = [.. Enumerable.Range(0, setup.Hosts).Select(setup.ModelOf)];
        Mips = [.. Models.Select(m => m.Mips)];
        CoreMips = [.. Models.Select(m => m.MipsPerCore)];
        FirstRamMb = [.. Models.Select(m => ramMb ?? m.RamMb)];
        var sizes = Enumerable.Range(0, trace.Vms.Count).Select(v => setup.SizeOf(v, trace.Vms.Count)).ToArray();
        VmMips = [.. sizes.Select(s => s.Mips)];
        VmRamMb = [.. sizes.Select(s => s.RamMb)];
        Demands = new double[trace.Samples][];
        vmsOf = [.. Enumerable.Range(0, setup.Hosts).Select(_ => new List<int>())];
        Location = new int[trace.Vms.Count];
        Array.Fill(Location, -1);
    }

    public ClusterSetup Setup { get; }

    /// <summary>The model of each host.</summary>
    public ImmutableArray<HostModel> Models { get; }

    public int Hosts => Setup.Hosts;

    public int Vms => trace.Vms.Count;

    /// <summary>Speed of each host, MIPS.</summary>
    public ImmutableArray<double> Mips { get; }

    /// <summary>Speed of one core of each host, MIPS: no VM gets more.</summary>
    public ImmutableArray<double> CoreMips { get; }

    /// <summary>Memory of each host for the first placement, MB.</summary>
    public ImmutableArray<double> FirstRamMb { get; }

    /// <summary>Speed that each VM has at full load, MIPS.</summary>
    public ImmutableArray<double> VmMips { get; }

    /// <summary>Memory of each VM, MB.</summary>
    public ImmutableArray<double> VmRamMb { get; }

    /// <summary>Memory that each host's VMs may take at any time, MB; null when that is no limit.</summary>
    public double? HardRamMb { get; }

    /// <summary>Number of the sample that was measured last.</summary>
    public int Now { get; internal set; }

    /// <summary>The host of each VM, or the one that it is on its way to; -1 before the first placement.</summary>
    internal int[] Location { get; }

    private double[]?[] Demands { get; }

    public int HostOf(int vm) => Location[vm];

    /// <summary>VMs of a host, with those on their way to it, in the order in which they came.</summary>
    public IReadOnlyList<int> VmsOf(int host) => vmsOf[host];

    /// <summary>Demands of all VMs at a sample, MIPS.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The sample has not been measured yet.</exception>
    public ReadOnlySpan<double> Demand(int sample) => DemandAt(Measured(sample));

    /// <summary>Loads of all VMs at a sample, 0 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The sample has not been measured yet.</exception>
    public ReadOnlySpan<double> Load(int sample) => trace.At(Measured(sample));

    /// <summary>Memory of the VMs of each host, MB.</summary>
    public double[] RamUsed() => Sum(VmRamMb.AsSpan());

    /// <summary>Sums of a figure of each VM over the VMs of each host.</summary>
    public double[] Sum(ReadOnlySpan<double> ofVms)
    {
        var sums = new double[Hosts];
        for (var v = 0; v < ofVms.Length; v++)
        {
            sums[Location[v]] += ofVms[v];
        }

        return sums;
    }

    /// <summary>Demands at any sample, MIPS: for the simulator alone. The sample after the last repeats it.</summary>
    internal double[] DemandAt(int sample)
    {
        sample = Math.Min(sample, trace.Samples - 1);
        return Demands[sample] ??= Scaled(trace.At(sample));
    }

    internal void Put(int vm, int host)
    {
        if (Location[vm] >= 0)
        {
            _ = vmsOf[Location[vm]].Remove(vm);
        }

        Location[vm] = host;
        vmsOf[host].Add(vm);
    }

    private int Measured(int sample) => sample >= 0 && sample <= Now
        ? sample
        : throw new ArgumentOutOfRangeException(nameof(sample), sample, $"Sample {Now} is the last that was measured; a policy can't see the future.");

    private double[] Scaled(ReadOnlySpan<double> loads)
    {
        var demand = new double[loads.Length];
        for (var v = 0; v < demand.Length; v++)
        {
            demand[v] = loads[v] * VmMips[v];
        }

        return demand;
    }
}
