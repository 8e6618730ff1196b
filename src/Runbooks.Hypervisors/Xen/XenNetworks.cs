using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Linux.Networks;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Xen;

/// <summary>The networks of a Xen host: those of Linux. xl plugs an interface into a bridge and knows nothing more of it.</summary>
internal sealed class XenNetworks(XenHost host, IRemoteShell shell, XenConfigReader configurations) : LinuxNetworks(host.Name, shell)
{
    // $5 the folder of definitions. A name may hold a dot, which stands for any
    // character here: at worst a bridge stays that could go.
    private const string DefinitionsThatUse = XenScripts.DefaultBridge
        + "for f in \"$5\"/*.cfg; do [ -f \"$f\" ] || continue; "
        + "if grep -qE \"bridge[[:space:]]*=[[:space:]]*$name([^A-Za-z0-9_.-]|\\$)\" \"$f\" || { [ \"$name\" = \"$bridge\" ] && grep -qE '^[[:space:]]*vif[[:space:]]*=' \"$f\"; }; "
        + "then rm -f \"$4\"; say used \"by the definition ${f##*/}\"; fi; done; ";

    private static readonly BridgeScripts Bridges = new(DefinitionsThatUse);

    public override async Task<Result<IReadOnlyList<VmInterface>>> ReadInterfacesAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await configurations.ReadDevicesAsync(vm, cancellationToken);
        return seen.IsOk ? seen.Value.Devices.Interfaces.ToArray() : seen.Fault;
    }

    public override Task<Result<Unit>> AnnounceAsync(VmName vm, CancellationToken cancellationToken) => Task.FromResult<Result<Unit>>(
        new HypervisorFault(FaultKind.Unsupported, host.Name, "xl has no word for it; a paravirtual guest announces itself when it goes on after a move."));

    protected override RemoteCommand Look { get; } = new(["sh", "-c", BridgeScripts.Look + "echo @@end"], Effect.Reads, BridgeScripts.ReadLimit);

    protected override HypervisorFault? WhyNot(HostNetwork network) => network.Kind != NetworkKind.VirtualNetwork ? null
        : new(FaultKind.Unsupported, host.Name, $"Xen has no virtual networks, so {NetworkWords.Name(network)} can't be here.", "Plug the VM into a bridge.");

    protected override RemoteCommand Make(HostNetwork network) => BridgeScripts.Make(network);

    protected override RemoteCommand Retire(HostNetwork network) => Bridges.Retire(network, host.Definitions);

    protected override RemoteCommand Remove(HostNetwork network) => Bridges.Remove(network, host.Definitions);

    protected override HypervisorFault FaultOf(string errors) =>
        new(FaultKind.Refused, host.Name, $"ip link: {string.Join(" / ", errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))}");

    protected override HypervisorFault BadAnswer(string problem) =>
        new(FaultKind.BadAnswer, host.Name, $"ip link: {problem}.", "Run 'ip -json -details link show' on the host by hand and compare.");
}
