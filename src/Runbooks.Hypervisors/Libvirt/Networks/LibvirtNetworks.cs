using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Answers;
using Runbooks.Hypervisors.Linux.Networks;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt.Networks;

/// <summary>The networks of a libvirt host: those of Linux, and virtual networks by virsh.</summary>
/// <remarks>A virtual network that we make outlives a restart of the host, because libvirt keeps it.</remarks>
internal sealed class LibvirtNetworks(HostName host, IRemoteShell shell, Virsh virsh) : LinuxNetworks(host, shell)
{
    private const string What = "ip link, net-list, net-dumpxml";

    // Five announcements within two seconds, as QEMU does by itself at the end of a migration.
    private const string Announcement = """{"execute":"announce-self","arguments":{"initial":50,"max":550,"rounds":5,"step":100}}""";

    private readonly HostName host = host;

    public override async Task<Result<IReadOnlyList<VmInterface>>> ReadInterfacesAsync(VmName vm, CancellationToken cancellationToken)
    {
        var domain = await virsh.ReadDomainAsync(vm, cancellationToken);
        return domain.IsOk ? DomainXml.Interfaces(domain.Value).ToArray() : domain.Fault;
    }

    public override async Task<Result<Unit>> AnnounceAsync(VmName vm, CancellationToken cancellationToken)
    {
        var answer = await virsh.AskAsync(["qemu-monitor-command", vm.Value, Announcement], cancellationToken);
        return !answer.IsOk ? answer.Fault
            : !answer.Value.Output.Contains("\"error\"", StringComparison.Ordinal) ? default(Unit)
            : new HypervisorFault(FaultKind.Unsupported, host, $"QEMU did not announce VM '{vm}': {answer.Value.Output.Trim()}", "QEMU announces a VM by itself when it arrives; the switches learn it from the guest's next packet at the latest.");
    }

    protected override RemoteCommand Look => VirtualNetworkScripts.Look;

    protected override bool TryReadVirtual(
        IReadOnlyDictionary<string, string[]> parts,
        IReadOnlyDictionary<string, LinuxLink> links,
        out IReadOnlyList<(HostNetwork Network, string? OwnBridge)> found,
        out string problem) => VirtualNetworkReading.TryRead(string.Join('\n', parts.GetValueOrDefault("networks", [])), links, out found, out problem);

    protected override RemoteCommand Make(HostNetwork network) =>
        network.Kind == NetworkKind.Bridge ? BridgeScripts.Make(network) : VirtualNetworkScripts.Make(network);

    protected override RemoteCommand Retire(HostNetwork network) =>
        network.Kind == NetworkKind.Bridge ? VirtualNetworkScripts.Bridges.Retire(network) : VirtualNetworkScripts.Retire(network);

    protected override RemoteCommand Remove(HostNetwork network) =>
        network.Kind == NetworkKind.Bridge ? VirtualNetworkScripts.Bridges.Remove(network) : VirtualNetworkScripts.Remove(network);

    protected override HypervisorFault FaultOf(string errors) => Virsh.Fault(host, What, errors, Effect.Reads);

    protected override HypervisorFault BadAnswer(string problem) => Virsh.BadAnswer(host, What, problem);
}
