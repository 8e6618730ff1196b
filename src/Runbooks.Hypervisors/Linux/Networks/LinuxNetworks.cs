using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Answers;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Linux.Networks;

/// <summary>The networks of a Linux host: bridges and VLANs by iproute2, and what its hypervisor adds.</summary>
/// <remarks>
/// A bridge that we make does not outlive a restart of the host: how a machine sets up its network at boot is its operator's
/// business.
/// </remarks>
internal abstract class LinuxNetworks(HostName host, IRemoteShell shell) : IHostNetworks
{
    public async Task<Result<IReadOnlyList<HostNetwork>>> ObserveAsync(CancellationToken cancellationToken)
    {
        var answer = await shell.RunAsync(Look, cancellationToken);
        if (!answer.IsOk)
        {
            return answer.Fault;
        }

        if (answer.Value.Errors.Contains("ip: not found", StringComparison.Ordinal) || answer.Value.Errors.Contains("ip: command not found", StringComparison.Ordinal))
        {
            return new HypervisorFault(FaultKind.Unsupported, host, "The host has no 'ip', so its bridges can't be seen.", "Install the package iproute2 there.");
        }

        if (answer.Value.ExitCode != 0)
        {
            return FaultOf(answer.Value.Errors);
        }

        if (!Sections.TrySplit(answer.Value.Output, out var parts, out var problem, "links", "retired")
            || !LinkReading.TryRead(string.Join('\n', parts["links"]), out var links, out problem)
            || !TryReadVirtual(parts, links, out var virtualNetworks, out problem))
        {
            return BadAnswer(problem);
        }

        var owners = virtualNetworks.Where(n => n.OwnBridge is not null).ToDictionary(n => n.OwnBridge!, n => n.Network.Name, StringComparer.Ordinal);
        return (from network in LinkReading.Networks(links, owners).Concat(virtualNetworks.Select(n => n.Network))
                orderby network.Kind, network.Name
                select network with { IsRetired = network.IsOurs && parts["retired"].Contains(BridgeScripts.RetiredName(network), StringComparer.Ordinal) }).ToArray();
    }

    public abstract Task<Result<IReadOnlyList<VmInterface>>> ReadInterfacesAsync(VmName vm, CancellationToken cancellationToken);

    public Task<Result<Unit>> CreateAsync(HostNetwork network, CancellationToken cancellationToken) =>
        ChangeAsync(network, Make, static seen => seen is { IsRetired: false }, cancellationToken);

    public Task<Result<Unit>> RetireAsync(HostNetwork network, CancellationToken cancellationToken) =>
        ChangeAsync(network, Retire, static seen => seen is null or { IsRetired: true }, cancellationToken);

    public Task<Result<Unit>> RemoveAsync(HostNetwork network, CancellationToken cancellationToken) =>
        ChangeAsync(network, Remove, static seen => seen is null, cancellationToken);

    public abstract Task<Result<Unit>> AnnounceAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>Tells the parts of <see cref="BridgeScripts.Look"/> and those of the hypervisor.</summary>
    protected abstract RemoteCommand Look { get; }

    /// <summary>Reads the virtual networks of a hypervisor that has such, each with the bridge that was made for it alone.</summary>
    protected virtual bool TryReadVirtual(
        IReadOnlyDictionary<string, string[]> parts,
        IReadOnlyDictionary<string, LinuxLink> links,
        out IReadOnlyList<(HostNetwork Network, string? OwnBridge)> found,
        out string problem)
    {
        (found, problem) = ([], string.Empty);
        return true;
    }

    /// <summary>Why such a network is not for this hypervisor; null when it is.</summary>
    protected virtual HypervisorFault? WhyNot(HostNetwork network) => null;

    protected abstract RemoteCommand Make(HostNetwork network);

    protected abstract RemoteCommand Retire(HostNetwork network);

    protected abstract RemoteCommand Remove(HostNetwork network);

    /// <summary>What it means that a look has failed.</summary>
    protected abstract HypervisorFault FaultOf(string errors);

    protected abstract HypervisorFault BadAnswer(string problem);

    /// <param name="network">The network.</param>
    /// <param name="script">What is done.</param>
    /// <param name="fulfilled">Whether what is seen after a lost answer proves that it was done; null when there is no such network.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    private async Task<Result<Unit>> ChangeAsync(
        HostNetwork network,
        Func<HostNetwork, RemoteCommand> script,
        Func<HostNetwork?, bool> fulfilled,
        CancellationToken cancellationToken)
    {
        if ((NetworkWords.WhyNotToAsk(host, network) ?? WhyNot(network)) is { } refusal)
        {
            return refusal;
        }

        var answer = await shell.RunAsync(script(network), cancellationToken);
        if (answer.IsOk)
        {
            return NetworkWords.Judge(host, network, answer.Value.Output) is { } fault ? fault : default(Unit);
        }

        if (answer.Fault.Kind != FaultKind.UnknownOutcome)
        {
            return answer.Fault;
        }

        var seen = await ObserveAsync(cancellationToken);
        return seen.IsOk && fulfilled(seen.Value.FirstOrDefault(n => n.Kind == network.Kind && n.Name == network.Name)) ? default(Unit) : answer.Fault;
    }
}
