using System.Text.Json.Nodes;
using Runbooks.Fleet.Forecasting;
using Runbooks.Fleet.Forecasting.Hosts;

namespace Runbooks.Bench.Planning;

/// <summary>
/// How often hosts of 25 VMs, of a core each, needed more than was said, within one step and within the next half hour;
/// and how much above the expected load that was.
/// </summary>
internal sealed class HostScores
{
    private const int VmsPerHost = 25;
    private static readonly (double Sigmas, double Level)[] Policies = [(1, 0.84), (2, 0.95), (3, 0.99)];
    private static readonly int[] Spans = [1, 6];

    private readonly Dictionary<(int Span, int Policy), Tally> tallies = [];
    private readonly List<HostPart[]> hosts;

    /// <summary>VMs of a trace are put on hosts in an order that has nothing to do with their names.</summary>
    public HostScores(int[] slots)
    {
        var mixed = slots.OrderBy(s => unchecked((uint)s * 2654435761u)).ToArray();
        hosts = [.. mixed.Chunk(VmsPerHost).Where(c => c.Length == VmsPerHost)
            .Select(c => c.Select(s => new HostPart(s, 1)).ToArray())];
        foreach (var span in Spans)
        {
            for (var p = 0; p < Policies.Length; p++)
            {
                tallies[(span, p)] = new Tally();
            }
        }
    }

    /// <summary>Compares the need as it is said at a step with the loads that came.</summary>
    /// <param name="fleet">The forecasts as of the step.</param>
    /// <param name="trace">The trace; the VM of a slot has the same number.</param>
    /// <param name="step">The step.</param>
    public void Check(FleetForecaster fleet, MeasuredLoads trace, int step)
    {
        foreach (var ((span, policy), tally) in tallies)
        {
            if (step + span >= trace.Steps)
            {
                continue;
            }

            var options = new HostNeedOptions { Sigmas = Policies[policy].Sigmas, Level = Policies[policy].Level, Steps = span };
            foreach (var host in hosts)
            {
                var need = HostNeed.Of(fleet, host, options);
                var most = Enumerable.Range(1, span).Max(a => host.Sum(p => trace.Loads[p.Slot][step + a]));
                if (double.IsNaN(most) || need.Observed < 24)
                {
                    continue;
                }

                tally.Add(need, most);
            }
        }
    }

    public IEnumerable<JsonObject> Lines(string trace) => tallies.Where(t => t.Value.Count > 0).Select(t => new JsonObject
    {
        ["case"] = "forecast-hosts",
        ["trace"] = trace,
        ["stepsCovered"] = t.Key.Span,
        ["sigmas"] = Policies[t.Key.Policy].Sigmas,
        ["level"] = Policies[t.Key.Policy].Level,
        ["exceeded"] = Output.Round(t.Value.Exceeded / (double)t.Value.Count, 4),
        ["exceededDeviationAlone"] = Output.Round(t.Value.ExceededDeviation / (double)t.Value.Count, 4),
        ["exceededQuantileAlone"] = Output.Round(t.Value.ExceededQuantile / (double)t.Value.Count, 4),
        ["marginPct"] = Output.Round(t.Value.Margin / t.Value.Expected * 100, 1),
        ["expectedMissPct"] = Output.Round(t.Value.Miss / t.Value.Expected * 100, 1),
    });

    private sealed class Tally
    {
        public int Count { get; private set; }

        public int Exceeded { get; private set; }

        public int ExceededDeviation { get; private set; }

        public int ExceededQuantile { get; private set; }

        public double Margin { get; private set; }

        public double Expected { get; private set; }

        public double Miss { get; private set; }

        public void Add(HostNeed need, double most)
        {
            Count++;
            Exceeded += most > need.Cores ? 1 : 0;
            ExceededDeviation += most > need.ByDeviation ? 1 : 0;
            ExceededQuantile += most > need.ByQuantile ? 1 : 0;
            Margin += need.Cores - need.ExpectedCores;
            Expected += need.ExpectedCores;
            Miss += Math.Abs(most - need.ExpectedCores);
        }
    }
}
