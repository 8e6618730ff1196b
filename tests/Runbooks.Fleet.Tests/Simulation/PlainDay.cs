using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Traces;

namespace Runbooks.Fleet.Tests.Simulation;

/// <summary>The physics of the simulation written down once more in the plainest way, to compare with.</summary>
internal sealed class PlainDay(ClusterSetup setup, LoadTrace trace, int[] host)
{
    private readonly int[] host = [.. host];

    public (double Kwh, double Slatah, double Pdm, double Unserved) Play((int Vm, int By)[][] moves)
    {
        double joules = 0, active = 0, over = 0, asked = 0, migrating = 0, lacked = 0;
        for (var k = 0; k < trace.Samples; k++)
        {
            var going = k == 0 ? [] : moves[k].ToDictionary(m => m.Vm, m => (host[m.Vm] + m.By) % setup.Hosts);
            var times = going.Keys.Select(v => setup.SizeOf(v, host.Length).RamMb / 62.5).Append(0).Append(300).Distinct().Order().ToArray();
            for (var i = 0; i + 1 < times.Length; i++)
            {
                var (from, seconds) = (times[i], times[i + 1] - times[i]);
                for (var h = 0; h < setup.Hosts; h++)
                {
                    var (demand, later) = (On(h, k, from, going), On(h, k, times[i + 1], going));
                    var model = setup.ModelOf(h);
                    if (demand > 0)
                    {
                        active += seconds;
                        over += demand > model.Mips ? seconds : 0;
                        joules += k >= 1 ? (model.Power.At(demand / model.Mips) + model.Power.At(later / model.Mips)) / 2 * seconds : 0;
                    }

                    foreach (var v in Enumerable.Range(0, host.Length).Where(v => host[v] == h))
                    {
                        var wants = Demand(v, k, from) * seconds;
                        var gets = wants * Math.Min(1, model.Mips / demand) * (going.ContainsKey(v) ? 0.9 : 1);
                        asked += wants;
                        lacked += wants - (wants > 0 ? gets : 0);
                        migrating += going.ContainsKey(v) && wants > 0 ? wants - gets : 0;
                    }
                }

                foreach (var v in going.Keys.Where(v => setup.SizeOf(v, host.Length).RamMb / 62.5 <= times[i + 1]).ToArray())
                {
                    host[v] = going[v];
                    going.Remove(v);
                }
            }
        }

        return (joules / 3.6e6, 100 * over / active, 100 * migrating / asked, 100 * lacked / asked);
    }

    private double On(int h, int k, double at, Dictionary<int, int> going) =>
        Enumerable.Range(0, host.Length).Where(v => host[v] == h).Sum(v => Demand(v, k, at))
        + going.Where(g => g.Value == h).Sum(g => 0.1 * Demand(g.Key, k, at));

    private double Demand(int v, int k, double at)
    {
        var (first, next) = (trace.At(k)[v], trace.At(Math.Min(k + 1, trace.Samples - 1))[v]);
        return (first + ((next - first) * at / 300)) * setup.SizeOf(v, host.Length).Mips;
    }
}
