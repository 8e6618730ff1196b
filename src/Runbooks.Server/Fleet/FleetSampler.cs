using Runbooks.Fleet.History;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Observation;
using Runbooks.Server.Configuration;
using Runbooks.Server.Logging;
using Runbooks.Server.Startup;

namespace Runbooks.Server.Fleet;

/// <summary>Looks at the fleet at intervals: shows it, records its loads, and raises an event when a load crosses a threshold.</summary>
internal sealed class FleetSampler(
    FleetObserver observer,
    StrayReservations strays,
    FleetBoard board,
    ModeBoard modes,
    IFleetHistory history,
    ICrossingSink crossings,
    Settings settings,
    TimeProvider clock,
    ServiceHealth health,
    Announcer announcer,
    ILogger<FleetSampler> logger) : RepeatingService("Fleet sampler", clock, health, logger)
{
    private readonly ThresholdWatch watch = new(settings.Policy.Thresholds);
    private readonly HashSet<string> toldProblems = new(StringComparer.Ordinal);
    private Dictionary<HostName, PowerState> power = [];

    protected override TimeSpan Interval => settings.Fleet.Interval;

    protected override async Task RoundAsync(CancellationToken stoppingToken)
    {
        var seen = await observer.ObserveAsync(stoppingToken);
        var stray = await strays.FindAsync(seen.Snapshot.Reservations, stoppingToken);
        var reading = seen with { Problems = [.. seen.Problems.Concat(stray).OrderByDescending(p => p.Severity)] };
        await modes.ReadAsync(stoppingToken);
        board.Show(reading);
        Tell(reading);
        foreach (var crossing in watch.Look(reading.Snapshot))
        {
            announcer.Crossed(crossing);
            await RaiseAsync(crossing, reading.Snapshot.TakenAt, stoppingToken);
        }

        await history.AppendAsync(reading.HostSamples, reading.VmSamples, stoppingToken);
    }

    /// <summary>A broker that is away must not blind the fleet; the schedule looks at the same loads anyway.</summary>
    private async Task RaiseAsync(Crossing crossing, DateTimeOffset at, CancellationToken stoppingToken)
    {
        try
        {
            await crossings.RaiseAsync(crossing, at, stoppingToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            logger.LogWarning("The event of {Subject} {Direction} {Threshold} could not be published: {Error}", crossing.Host?.Value ?? crossing.Pool, crossing.Direction, crossing.Threshold, e.Message);
        }
    }

    private void Tell(FleetReading reading)
    {
        var now = reading.Snapshot.Hosts.ToDictionary(h => h.Name, h => h.Power);
        foreach (var (host, state) in now)
        {
            if (power.TryGetValue(host, out var before) && before != state && state != PowerState.Unknown && before != PowerState.Unknown)
            {
                announcer.Switched(host, state, now.Values.Count(p => p == PowerState.On), now.Count);
            }
        }

        power = now;
        var current = reading.Problems.Select(p => p.Message).ToHashSet(StringComparer.Ordinal);
        foreach (var problem in reading.Problems.Where(p => p.Severity != ProblemSeverity.Notice && toldProblems.Add(p.Message)))
        {
            announcer.Problem(problem.Message);
        }

        _ = toldProblems.RemoveWhere(p => !current.Contains(p));
    }
}
