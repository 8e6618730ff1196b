using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>Hosts in the order of a figure that moves change, lowest first.</summary>
internal sealed class LoadOrder
{
    private readonly Func<int, double> figure;
    private readonly int[] order;
    private readonly int[] placeOf;
    private readonly double[] value;

    public LoadOrder(DenseFleet fleet, IReadOnlyList<int> hosts, Func<int, double> figure)
    {
        this.figure = figure;
        order = [.. hosts.OrderBy(figure).ThenBy(h => h)];
        placeOf = new int[fleet.HostCount];
        value = new double[fleet.HostCount];
        Array.Fill(placeOf, -1);
        for (var i = 0; i < order.Length; i++)
        {
            placeOf[order[i]] = i;
            value[order[i]] = figure(order[i]);
        }
    }

    public int Count => order.Length;

    public int this[int place] => order[place];

    /// <summary>Brings a host whose figure has changed to its place.</summary>
    public void Changed(int host)
    {
        var at = placeOf[host];
        if (at < 0)
        {
            return;
        }

        value[host] = figure(host);
        while (at > 0 && IsBefore(host, order[at - 1]))
        {
            Set(at, order[at - 1]);
            at--;
        }

        while (at + 1 < order.Length && IsBefore(order[at + 1], host))
        {
            Set(at, order[at + 1]);
            at++;
        }

        Set(at, host);
    }

    private bool IsBefore(int a, int b) => value[a] < value[b] || (value[a].Equals(value[b]) && a < b);

    private void Set(int place, int host)
    {
        order[place] = host;
        placeOf[host] = place;
    }
}
