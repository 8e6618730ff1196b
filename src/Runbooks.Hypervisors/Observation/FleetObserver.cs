using Runbooks.Fleet.Model;
using Runbooks.Fleet.Policies;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Observation;

/// <summary>How the fleet is looked at.</summary>
public sealed record ObserverSettings
{
    /// <summary>Boundaries of the load classes.</summary>
    public Thresholds Thresholds { get; init; } = new();

    /// <summary>Hosts that are read at the same time. Default 16: each read is one round trip on a shared connection.</summary>
    public int Parallel { get; init; } = 16;

    /// <summary>What one host gets to answer one question. Default 10 s, twice a usual connection timeout.</summary>
    public TimeSpan HostLimit { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>Looks at all hosts of the fleet side by side and makes one picture of them.</summary>
/// <remarks>
/// A host that fails or is slow costs the others nothing: each has a time limit, and a host that failed the last time is
/// read in a lane of its own, so that many dead hosts do not take the places of the living.
/// </remarks>
public sealed class FleetObserver(
    IHypervisorDirectory directory,
    IHostModes modes,
    IReservationLedger reservations,
    TimeProvider time,
    ObserverSettings settings) : IDisposable
{
    private readonly FairSemaphore turn = new(1);
    private readonly SemaphoreSlim healthyLane = new(settings.Parallel);
    private readonly SemaphoreSlim doubtfulLane = new(settings.Parallel);
    private volatile FleetReading? latest;
    private HashSet<HostName> doubtful = [];
    private FleetMemory memory = FleetMemory.Empty;

    /// <summary>The last look; null before the first.</summary>
    public FleetReading? Latest => latest;

    /// <summary>Takes a look. One at a time: a second caller waits for the first and then takes its own.</summary>
    public async Task<FleetReading> ObserveAsync(CancellationToken cancellationToken)
    {
        await turn.EnterAsync(cancellationToken);
        try
        {
            // Ledgers first: a move that ends between the two readings then still explains the copy that it leaves.
            var held = await reservations.ListAsync(cancellationToken);
            var set = await modes.ListAsync(cancellationToken);
            var readings = await Task.WhenAll(directory.Hosts.Select(h => ReadInLaneAsync(h, cancellationToken)));
            doubtful = [.. readings.Where(r => r.Observation is null && r.Power != PowerState.Off).Select(r => r.Entry.Name)];
            (var reading, memory) = FleetAssembly.Assemble(memory, readings, set, held, settings.Thresholds, time.GetUtcNow());
            latest = reading;
            return reading;
        }
        finally
        {
            turn.Leave();
        }
    }

    public void Dispose()
    {
        healthyLane.Dispose();
        doubtfulLane.Dispose();
    }

    private async Task<HostReading> ReadInLaneAsync(HostEntry entry, CancellationToken cancellationToken)
    {
        var lane = doubtful.Contains(entry.Name) ? doubtfulLane : healthyLane;
        await lane.WaitAsync(cancellationToken);
        try
        {
            return await ReadAsync(entry, cancellationToken);
        }
        finally
        {
            lane.Release();
        }
    }

    private async Task<HostReading> ReadAsync(HostEntry entry, CancellationToken cancellationToken)
    {
        var wasOff = memory.Hosts.GetValueOrDefault(entry.Name)?.Power == PowerState.Off;
        if (wasOff && await ReadPowerAsync(entry, cancellationToken) == PowerState.Off)
        {
            return new HostReading(entry, PowerState.Off, null, null);
        }

        var seen = await AskAsync(entry, directory.Hypervisor(entry.Name).ObserveAsync, cancellationToken);
        if (seen.IsOk)
        {
            return new HostReading(entry, PowerState.On, seen.Value, null);
        }

        var power = await ReadPowerAsync(entry, cancellationToken);
        return new HostReading(entry, power, null, power == PowerState.Off ? null : seen.Fault);
    }

    private async Task<PowerState> ReadPowerAsync(HostEntry entry, CancellationToken cancellationToken)
    {
        var power = await AskAsync(entry, directory.Power(entry.Name).ObserveAsync, cancellationToken);
        return power.IsOk ? power.Value : PowerState.Unknown;
    }

    private async Task<Result<T>> AskAsync<T>(
        HostEntry entry,
        Func<CancellationToken, Task<Result<T>>> ask,
        CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(settings.HostLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            // A driver that does not listen to its token is left behind, not waited for.
            return await ask(both.Token).WaitAsync(both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new HypervisorFault(
                FaultKind.UnknownOutcome,
                entry.Name,
                $"The host did not answer within {settings.HostLimit.TotalSeconds:0.#} s.",
                "Check its load and its network.");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A bug in a driver that one host brings to light must not blind the fleet; it is told as that host's problem.
            return new HypervisorFault(FaultKind.BadAnswer, entry.Name, $"Reading the host failed: {e.GetType().Name}: {e.Message}");
        }
    }
}
