using Runbooks.Fleet.Energy;
using Runbooks.Fleet.History;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Policies;
using Runbooks.Fleet.Simulation.Shadow;
using Host = Runbooks.Fleet.Model.Host;

namespace Runbooks.Server.Fleet;

/// <summary>What is to be replayed.</summary>
/// <param name="Policy">The policy that is used, by its name (<see cref="PolicyName"/>).</param>
/// <param name="Against">The policy that is looked at.</param>
/// <param name="Since">From when on.</param>
/// <param name="Step">Time between decisions, above 0.</param>
public sealed record ShadowRequest(string Policy, string Against, DateTimeOffset Since, TimeSpan Step);

/// <summary>What two policies would have done with the recorded loads of our own VMs.</summary>
/// <param name="Compared">Figures and differences.</param>
/// <param name="Vms">VMs that were replayed.</param>
/// <param name="LeftOut">VMs that run now and have no sample in that time.</param>
public sealed record ShadowAnswer(ShadowComparison Compared, int Vms, IReadOnlyList<string> LeftOut);

/// <summary>
/// Shows a policy on our own history before it is switched on. It reads samples and calculates; nothing that it does
/// reaches a host. One replay at a time: it takes a processor for seconds.
/// </summary>
public sealed class ShadowDesk(FleetBoard board, IFleetHistory history, TimeProvider clock) : IDisposable
{
    /// <summary>Of a host whose power nobody has told us: what a small server of two sockets draws.</summary>
    private static readonly PowerCurve UsualPower = PowerTables.Published["IbmX3550XeonX5670"];

    /// <summary>As in the published experiment: half of a gigabit link, a tenth of the CPU on either side while a VM moves.</summary>
    private static readonly ClusterSetup Physics = new(0, [], [], 0, MigrationMbPerSecond: 62.5, Degradation: 0.1, DestinationShare: 0.1, EnergyFromSeconds: 0);

    private readonly SemaphoreSlim turn = new(1);

    public void Dispose() => turn.Dispose();

    /// <exception cref="FormatException">There is no such policy.</exception>
    /// <exception cref="SimulationException">There is too little history, or the fleet has not been looked at yet.</exception>
    public async Task<ShadowAnswer> CompareAsync(ShadowRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (a, b) = (PolicyName.Parse(request.Policy), PolicyName.Parse(request.Against));
        var fleet = board.Latest?.Snapshot ?? throw new SimulationException("The fleet has not been looked at yet; ask again in a moment.");
        await turn.WaitAsync(cancellationToken);
        try
        {
            var samples = new List<VmSample>();
            var vms = new List<ShadowVm>();
            var leftOut = new List<string>();
            foreach (var vm in fleet.Vms.Where(v => v.State == VmState.Running).DistinctBy(v => v.Name))
            {
                var own = await history.VmSamplesAsync(vm.Name, request.Since, cancellationToken);
                if (own.Count == 0)
                {
                    leftOut.Add(vm.Name.Value);
                    continue;
                }

                samples.AddRange(own);
                vms.Add(new ShadowVm(vm.Name, vm.Vcpus, vm.MemoryMiB, fleet.FindHost(own[0].Host) is null ? vm.Host : own[0].Host));
            }

            ShadowHost[] hosts = [.. fleet.Hosts.Select(h => new ShadowHost(h.Name, h.Cpus, h.MemoryMiB, PowerOf(h)))];
            var compared = await Task.Run(() => ShadowReplay.Compare(hosts, vms, samples, request.Step, Physics, SwitchOn.Free, a, b, clock), cancellationToken);
            return new ShadowAnswer(compared, vms.Count, leftOut);
        }
        finally
        {
            _ = turn.Release();
        }
    }

    private static PowerCurve PowerOf(Host host) =>
        host.Traits.PowerModel is { } model && PowerTables.Published.TryGetValue(model, out var table) ? table
        : host.Traits is { IdleWatts: { } idle, PeakWatts: { } peak } ? new PowerCurve([idle, peak])
        : UsualPower;
}
