namespace Runbooks.Fleet.Simulation.Cluster;

/// <summary>Adds up energy, overload and lacking CPU over stretches of time in which no VM starts or ends a migration.</summary>
/// <param name="cluster">The machines.</param>
/// <param name="runsOn">The host that runs each VM; the simulator changes it between stretches.</param>
internal sealed class Meter(ClusterView cluster, int[] runsOn)
{
    /// <summary>A demand counts as above the CPU from this factor on, so that rounding does not.</summary>
    private const double Rounding = 1 + 1e-9;

    private readonly double[] atStart = new double[cluster.Hosts];
    private readonly double[] atEnd = new double[cluster.Hosts];
    private readonly double[] demands = new double[cluster.Vms];
    private double activeSeconds, overloadedSeconds, asked, lackedMigrating, lacked;

    /// <summary>Energy so far, joules, that of switching on included.</summary>
    public double Joules { get; private set; }

    public double SwitchOnJoules { get; private set; }

    public void SwitchesOn(double joules)
    {
        Joules += joules;
        SwitchOnJoules += joules;
    }

    /// <summary>Shares from 0 to 1: overload in active host time, CPU lacked by migration and CPU lacked at all in CPU asked for.</summary>
    public (double Slatah, double Pdm, double Unserved) Shares() =>
        (Share(overloadedSeconds, activeSeconds), Share(lackedMigrating, asked), Share(lacked, asked));

    /// <param name="first">Demands at the step's start, MIPS.</param>
    /// <param name="next">Demands at its end, MIPS.</param>
    /// <param name="stepStart">Its start, seconds.</param>
    /// <param name="from">Start of the stretch, seconds.</param>
    /// <param name="until">End of the stretch, seconds.</param>
    /// <param name="flights">Migrations, running and waiting.</param>
    public void Advance(double[] first, double[] next, double stepStart, double from, double until, List<ClusterSimulator.Flight> flights)
    {
        Load(first, next, (until - stepStart) / cluster.Setup.StepSeconds, from, flights, atEnd);
        Load(first, next, (from - stepStart) / cluster.Setup.StepSeconds, from, flights, atStart);
        var seconds = until - from;
        var counts = from >= cluster.Setup.EnergyFromSeconds - 1e-6;
        for (var h = 0; h < atStart.Length; h++)
        {
            // A host without demand is off, as in the published experiment.
            if (atStart[h] <= 0)
            {
                continue;
            }

            activeSeconds += seconds;
            overloadedSeconds += atStart[h] > cluster.Mips[h] * Rounding ? seconds : 0;
            if (counts)
            {
                var power = cluster.Models[h].Power;
                Joules += (power.At(atStart[h] / cluster.Mips[h]) + power.At(atEnd[h] / cluster.Mips[h])) / 2 * seconds;
            }
        }

        Serve(from, seconds, flights);
    }

    /// <summary>What VMs get when each host gives all of its VMs the same share of what they ask for.</summary>
    private void Serve(double from, double seconds, List<ClusterSimulator.Flight> flights)
    {
        for (var v = 0; v < demands.Length; v++)
        {
            asked += demands[v] * seconds;
            lacked += demands[v] * (1 - Served(v)) * seconds;
        }

        foreach (var f in flights)
        {
            if (f.Start <= from)
            {
                var lackedNow = demands[f.Vm] * (1 - ((1 - cluster.Setup.Degradation) * Served(f.Vm)));
                lackedMigrating += lackedNow * seconds;
                lacked += (lackedNow - (demands[f.Vm] * (1 - Served(f.Vm)))) * seconds;
            }
        }
    }

    private double Served(int vm)
    {
        var host = runsOn[vm];
        return atStart[host] > cluster.Mips[host] ? cluster.Mips[host] / atStart[host] : 1;
    }

    private void Load(double[] first, double[] next, double into, double from, List<ClusterSimulator.Flight> flights, double[] load)
    {
        Array.Clear(load);
        for (var v = 0; v < demands.Length; v++)
        {
            demands[v] = (first[v] * (1 - into)) + (next[v] * into);
            load[runsOn[v]] += demands[v];
        }

        foreach (var f in flights)
        {
            if (f.Start <= from)
            {
                load[f.To] += cluster.Setup.DestinationShare * demands[f.Vm];
            }
        }
    }

    private static double Share(double part, double whole) => whole > 0 ? part / whole : 0;
}
