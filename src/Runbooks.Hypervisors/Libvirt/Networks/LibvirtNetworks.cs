using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Answers;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt.Networks;

/// <summary>The networks of a libvirt host: virtual networks by virsh, bridges and VLANs by iproute2.</summary>
/// <remarks>
/// A virtual network that we make outlives a restart of the host, because libvirt keeps it. A bridge does not: how a
/// machine sets up its network at boot is its operator's business.
/// </remarks>
internal sealed class LibvirtNetworks(HostName host, IRemoteShell shell, Virsh virsh) : IHostNetworks
{
    // Five announcements within two seconds, as QEMU does by itself at the end of a migration.
    private const string Announcement = """{"execute":"announce-self","arguments":{"initial":50,"max":550,"rounds":5,"step":100}}""";

    public async Task<Result<IReadOnlyList<HostNetwork>>> ObserveAsync(CancellationToken cancellationToken)
    {
        const string what = "ip link, net-list, net-dumpxml";
        var answer = await shell.RunAsync(NetworkScripts.Look, cancellationToken);
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
            return Virsh.Fault(host, what, answer.Value.Errors, Effect.Reads);
        }

        return !Sections.TrySplit(answer.Value.Output, out var parts, out var problem)
            || !NetworkReading.TryRead(Part("links"), [.. parts.GetValueOrDefault("retired", [])], Part("networks"), out var found, out problem)
                ? Virsh.BadAnswer(host, what, problem)
                : found.ToArray();

        string Part(string name) => string.Join('\n', parts.GetValueOrDefault(name, []));
    }

    public async Task<Result<IReadOnlyList<VmInterface>>> ReadInterfacesAsync(VmName vm, CancellationToken cancellationToken)
    {
        var domain = await virsh.ReadDomainAsync(vm, cancellationToken);
        return domain.IsOk ? DomainXml.Interfaces(domain.Value).ToArray() : domain.Fault;
    }

    public Task<Result<Unit>> CreateAsync(HostNetwork network, CancellationToken cancellationToken) =>
        ChangeAsync(network, NetworkScripts.Create, static seen => seen is { IsRetired: false }, cancellationToken);

    public Task<Result<Unit>> RetireAsync(HostNetwork network, CancellationToken cancellationToken) =>
        ChangeAsync(network, NetworkScripts.Retire, static seen => seen is null or { IsRetired: true }, cancellationToken);

    public Task<Result<Unit>> RemoveAsync(HostNetwork network, CancellationToken cancellationToken) =>
        ChangeAsync(network, NetworkScripts.Remove, static seen => seen is null, cancellationToken);

    public async Task<Result<Unit>> AnnounceAsync(VmName vm, CancellationToken cancellationToken)
    {
        var answer = await virsh.AskAsync(["qemu-monitor-command", vm.Value, Announcement], cancellationToken);
        return !answer.IsOk ? answer.Fault
            : !answer.Value.Output.Contains("\"error\"", StringComparison.Ordinal) ? default(Unit)
            : new HypervisorFault(FaultKind.Unsupported, host, $"QEMU did not announce VM '{vm}': {answer.Value.Output.Trim()}", "QEMU announces a VM by itself when it arrives; the switches learn it from the guest's next packet at the latest.");
    }

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
        if (NetworkWords.WhyNotToAsk(host, network) is { } refusal)
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
