namespace Runbooks.Fleet.Planning.Goals;

/// <summary>Mean and deviation of the CPU shares of the hosts that were on or have come into use, kept up to date host by host.</summary>
internal sealed class LoadSums
{
    private readonly PoolModel model;
    private double sum;
    private double squares;

    public LoadSums(PoolModel model)
    {
        this.model = model;
        for (var h = 0; h < model.Fleet.HostCount; h++)
        {
            Count(h, 1);
        }
    }

    /// <summary>Number of hosts that count.</summary>
    public int Hosts { get; private set; }

    public double Mean => sum / Math.Max(1, Hosts);

    public double Sd => Math.Sqrt(Math.Max(0, (squares / Math.Max(1, Hosts)) - (Mean * Mean)));

    public bool Counts(int host) => model.WasOn[host] || model.Fleet.CountOn(host) > 0;

    public void Clear() => (sum, squares, Hosts) = (0, 0, 0);

    /// <summary>Adds (1) or takes out (-1) a host as it is now.</summary>
    public void Count(int host, int sign)
    {
        if (Counts(host))
        {
            var load = model.Fleet.Load(host);
            sum += sign * load;
            squares += sign * load * load;
            Hosts += sign;
        }
    }
}
