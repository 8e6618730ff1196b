namespace Runbooks.Fleet.Simulation.Cluster;

/// <summary>Counts hosts with VMs at the ends of steps, and how they come and go.</summary>
internal sealed class HostCount(int hosts)
{
    private bool[]? before;
    private long sum;
    private int steps;

    public int On { get; private set; }

    public int Off { get; private set; }

    public double Mean => steps == 0 ? 0 : (double)sum / steps;

    /// <param name="runsOn">The host of each VM.</param>
    public void Count(int[] runsOn)
    {
        var used = new bool[hosts];
        foreach (var host in runsOn)
        {
            used[host] = true;
        }

        for (var h = 0; h < hosts; h++)
        {
            sum += used[h] ? 1 : 0;
            On += before is not null && used[h] && !before[h] ? 1 : 0;
            Off += before is not null && !used[h] && before[h] ? 1 : 0;
        }

        before = used;
        steps++;
    }
}
