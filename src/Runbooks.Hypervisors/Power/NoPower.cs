using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Power;

/// <summary>A host whose machine the fleet cannot switch: nothing is known of its power, and it is left on.</summary>
internal sealed class NoPower(HostName host) : IHostPower
{
    public HostName Host => host;

    public Task<Result<PowerState>> ObserveAsync(CancellationToken cancellationToken) => Task.FromResult<Result<PowerState>>(PowerState.Unknown);

    public Task<Result<Unit>> PowerOnAsync(CancellationToken cancellationToken) => Task.FromResult<Result<Unit>>(Unsupported());

    public Task<Result<Unit>> PowerOffAsync(CancellationToken cancellationToken) => Task.FromResult<Result<Unit>>(Unsupported());

    private HypervisorFault Unsupported() =>
        new(FaultKind.Unsupported, host, "The fleet file names no power commands for this host.", "Add 'power' with 'status', 'on' and 'off' to the host in the fleet file.");
}
