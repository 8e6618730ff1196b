using System.Collections.Immutable;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Observation;
using Host = Runbooks.Fleet.Model.Host;

namespace Runbooks.Server.Fleet;

/// <summary>The average load at one moment, for the trend.</summary>
/// <param name="At">When.</param>
/// <param name="AverageLoad">Of the hosts that are on, 0 to 1.</param>
/// <param name="HostsOn">How many are on.</param>
public sealed record TrendPoint(DateTimeOffset At, double AverageLoad, int HostsOn);

/// <summary>The latest look at the fleet and the trend of the last minutes. Whoever shows the fleet reads here; nobody decides from it.</summary>
public sealed class FleetBoard
{
    /// <summary>Ten minutes at one look per second.</summary>
    private const int LongestTrend = 600;

    private readonly Lock gate = new();
    private ImmutableQueue<TrendPoint> trend = [];
    private int trendLength;
    private long version;
    private volatile FleetReading? latest;

    public FleetReading? Latest => latest;

    /// <summary>Grows with every look.</summary>
    public long Version => Interlocked.Read(ref version);

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<TrendPoint> Trend
    {
        get
        {
            lock (gate)
            {
                return [.. trend];
            }
        }
    }

    public void Show(FleetReading reading)
    {
        ArgumentNullException.ThrowIfNull(reading);
        lock (gate)
        {
            latest = reading;
            if (AverageLoad(reading.Snapshot) is { } average)
            {
                trend = trend.Enqueue(new TrendPoint(reading.Snapshot.TakenAt, average, reading.Snapshot.Hosts.Count(h => h.Power == PowerState.On)));
                if (++trendLength > LongestTrend)
                {
                    trend = trend.Dequeue();
                    trendLength--;
                }
            }
        }

        _ = Interlocked.Increment(ref version);
    }

    /// <summary>
    /// What the VMs use of a host's CPUs, 0 and up: the load that planners compare with the thresholds, because only it
    /// moves with the VMs. Null while none of its running VMs has been measured.
    /// </summary>
    public static double? LoadOf(FleetSnapshot fleet, Host host)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        ArgumentNullException.ThrowIfNull(host);
        var running = fleet.VmsOn(host.Name).Where(v => v.State == VmState.Running).ToArray();
        return host.Power != PowerState.On || (running.Length > 0 && running.All(v => v.CpuLoad is null))
            ? null
            : running.Where(v => v.CpuLoad is not null).Sum(v => v.CpuCores) / host.Cpus;
    }

    /// <summary>CPU cores that VMs use over cores that are on, 0 and up; null while nothing has been measured.</summary>
    public static double? AverageLoad(FleetSnapshot fleet)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        var on = fleet.Hosts.Where(h => h is { Power: PowerState.On, Reachable: true }).ToArray();
        var loads = on.Select(h => LoadOf(fleet, h) * h.Cpus).ToArray();
        return on.Length == 0 || loads.All(l => l is null) ? null : loads.Sum() / on.Sum(h => h.Cpus);
    }
}
