using Runbooks.Fleet.History;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Traces;

namespace Runbooks.Fleet.Simulation.Shadow;

/// <summary>Makes a trace of recorded samples, which come at irregular times and with gaps.</summary>
internal static class HistoryTrace
{
    /// <returns>The trace, and the share of its loads that had no sample of their own.</returns>
    public static (LoadTrace Trace, double Filled) Of(VmName[] vms, IReadOnlyList<VmSample> samples, TimeSpan step)
    {
        if (step <= TimeSpan.Zero)
        {
            throw new SimulationException($"The step of a replay is {step}; it must be above 0.");
        }

        var index = vms.Select((v, i) => (v, i)).ToDictionary(x => x.v, x => x.i);
        VmSample[] known = [.. samples.Where(s => index.ContainsKey(s.Vm)).OrderBy(s => s.At)];
        var count = known.Length == 0 ? 0 : (int)((known[^1].At - known[0].At) / step) + 1;
        if (count < 2)
        {
            throw new SimulationException($"The history has {known.Length} samples in {count} steps of {step}; a replay needs two steps at least.");
        }

        var loads = new double[count * vms.Length];
        Array.Fill(loads, double.NaN);
        foreach (var sample in known)
        {
            var k = (int)((sample.At - known[0].At) / step);
            loads[(k * vms.Length) + index[sample.Vm]] = Math.Clamp(sample.CpuLoad, 0, 1);
        }

        var gaps = 0;
        for (var v = 0; v < vms.Length; v++)
        {
            gaps += Fill(loads, v, vms, count);
        }

        return (new LoadTrace([.. vms.Select(v => v.Value)], loads, count), (double)gaps / loads.Length);
    }

    private static int Fill(double[] loads, int vm, VmName[] vms, int count)
    {
        var first = Enumerable.Range(0, count).FirstOrDefault(k => !double.IsNaN(loads[(k * vms.Length) + vm]), -1);
        if (first < 0)
        {
            throw new SimulationException($"VM {vms[vm]} has no sample in the history; leave it out of the replay or take a time in which it ran.");
        }

        var (last, gaps) = (loads[(first * vms.Length) + vm], 0);
        for (var k = 0; k < count; k++)
        {
            ref var load = ref loads[(k * vms.Length) + vm];
            gaps += double.IsNaN(load) ? 1 : 0;
            last = double.IsNaN(load) ? last : load;
            load = last;
        }

        return gaps;
    }
}
