using Runbooks.Fleet.Model;
using Runbooks.Fleet.Policies;

namespace Runbooks.Server.Fleet;

/// <summary>A load has left, or come back into, what policy allows.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Host">The host; null when it is about the pool's average.</param>
/// <param name="Metric"><c>average-load</c> or <c>host-load</c>.</param>
/// <param name="Value">The load, 0 to 1.</param>
/// <param name="Threshold">The threshold that it crossed.</param>
/// <param name="Direction"><c>falling</c> or <c>rising</c>.</param>
public sealed record Crossing(string Pool, HostName? Host, string Metric, double Value, double Threshold, string Direction);

/// <summary>
/// Tells when loads cross their thresholds. Edge-triggered: a crossing is told once, and again only after the load has
/// come back by more than <see cref="DeadBand"/>, so that a load that trembles around a threshold starts one runbook.
/// Not safe for concurrent use; the sampler asks it after each look.
/// </summary>
public sealed class ThresholdWatch(Thresholds thresholds)
{
    /// <summary>0.03: wider than the ripple of a quiet fleet, narrower than the gap between Load_min and Load_max.</summary>
    public const double DeadBand = 0.03;

    public const string AverageLoad = "average-load";
    public const string HostLoad = "host-load";
    public const string Falling = "falling";
    public const string Rising = "rising";

    private readonly HashSet<(string Subject, string Direction)> crossed = [];

    public IReadOnlyList<Crossing> Look(FleetSnapshot fleet)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        var found = new List<Crossing>();
        foreach (var pool in fleet.Hosts.GroupBy(h => h.Pool, StringComparer.Ordinal))
        {
            var part = new FleetSnapshot(fleet.TakenAt, pool, fleet.Vms, fleet.Reservations);
            if (FleetBoard.AverageLoad(part) is { } average)
            {
                WatchBelow(found, pool.Key, average);
                WatchAbove(found, pool.Key, null, AverageLoad, average);
            }

            foreach (var host in pool)
            {
                if (FleetBoard.LoadOf(fleet, host) is { } load)
                {
                    WatchAbove(found, pool.Key, host.Name, HostLoad, load);
                }
            }
        }

        return found;
    }

    private void WatchBelow(List<Crossing> found, string pool, double load)
    {
        var key = ($"pool/{pool}", Falling);
        if (load < thresholds.LoadMin && crossed.Add(key))
        {
            found.Add(new Crossing(pool, null, AverageLoad, load, thresholds.LoadMin, Falling));
        }
        else if (load > thresholds.LoadMin + DeadBand)
        {
            _ = crossed.Remove(key);
        }
    }

    private void WatchAbove(List<Crossing> found, string pool, HostName? host, string metric, double load)
    {
        var key = (host is { } h ? $"host/{h}" : $"pool/{pool}", Rising);
        if (load > thresholds.LoadMax && crossed.Add(key))
        {
            found.Add(new Crossing(pool, host, metric, load, thresholds.LoadMax, Rising));
        }
        else if (load < thresholds.LoadMax - DeadBand)
        {
            _ = crossed.Remove(key);
        }
    }
}
