namespace Runbooks.Fleet.Simulation.Traces;

/// <summary>Loads of VMs at equal distances in time.</summary>
/// <param name="vms">Names of the VMs, in the order of the file.</param>
/// <param name="loads">Load of each VM (0 to 1), sample after sample: VM v at sample k is at <c>k × VMs + v</c>.</param>
/// <param name="samples">Samples of each VM, at least 1.</param>
public sealed class LoadTrace(IReadOnlyList<string> vms, double[] loads, int samples)
{
    private readonly double[] loads = loads.Length == vms.Count * samples
        ? loads
        : throw new ArgumentException($"{vms.Count} VMs with {samples} samples need {vms.Count * samples} loads; there are {loads.Length}.", nameof(loads));

    public IReadOnlyList<string> Vms { get; } = vms;

    public int Samples { get; } = samples;

    /// <summary>Loads of all VMs at one sample, 0 to 1.</summary>
    public ReadOnlySpan<double> At(int sample) => loads.AsSpan(sample * Vms.Count, Vms.Count);
}
