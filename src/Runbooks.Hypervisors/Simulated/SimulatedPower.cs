using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>The power switch of one host of a <see cref="SimulatedFleet"/>. It has a wire of its own: a cut network does not reach it.</summary>
public sealed class SimulatedPower : IHostPower
{
    private readonly FaultyPath path;

    internal SimulatedPower(SimulatedFleet fleet, HostName host)
    {
        Host = host;
        path = new FaultyPath(fleet, host);
    }

    public HostName Host { get; }

    public Task<Result<PowerState>> ObserveAsync(CancellationToken cancellationToken) =>
        path.SendAsync<PowerState>(SimulatedOperation.PowerObserve, null, world => world.Host(Host).Power, cancellationToken);

    public Task<Result<Unit>> PowerOnAsync(CancellationToken cancellationToken) =>
        path.SendAsync<Unit>(SimulatedOperation.PowerOn, null, SwitchOn, cancellationToken);

    public Task<Result<Unit>> PowerOffAsync(CancellationToken cancellationToken) =>
        path.SendAsync<Unit>(SimulatedOperation.PowerOff, null, SwitchOff, cancellationToken);

    private Result<Unit> SwitchOn(WorldState world)
    {
        var host = world.Host(Host);
        if (host.Power != PowerState.On)
        {
            host.Power = PowerState.On;
            host.ReadyAt = world.Now + world.Settings.HostBoot;
        }

        return default(Unit);
    }

    private Result<Unit> SwitchOff(WorldState world)
    {
        var host = world.Host(Host);
        if (host.Power != PowerState.Off)
        {
            WorldChanges.PowerOff(world, host);
        }

        return default(Unit);
    }
}
