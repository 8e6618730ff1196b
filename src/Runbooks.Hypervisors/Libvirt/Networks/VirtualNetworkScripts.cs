using System.Xml.Linq;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Linux.Networks;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt.Networks;

/// <summary>
/// The scripts for libvirt's virtual networks, and what libvirt knows of the users of a bridge. One that we make is marked in
/// its metadata. See <see cref="BridgeScripts"/> for how they work.
/// </summary>
internal static class VirtualNetworkScripts
{
    private const string Virsh = "V='virsh -q -c qemu:///system'; ";

    private const string Begin = BridgeScripts.Begin + Virsh
        + "virtual() { $V net-dumpxml --inactive \"$name\" 2>/dev/null; }; "
        + "mine() { case $(virtual) in *urn:runbooks:network*) true;; *) false;; esac; }; ";

    // A network that is there and not active was stopped by somebody; only one of ours is started again.
    private const string MakeText = Begin
        + "if $V net-info \"$name\" >/dev/null 2>&1; then "
        + "up=; ! $V net-list --name | grep -qxF -e \"$name\" || up=1; "
        + "mine || { [ -n \"$up\" ] && say there || say inactive; }; "
        + "way_out; [ -n \"$up\" ] || e=$($V net-start \"$name\" 2>&1) || fail \"$e\"; rm -f \"$4\"; say made; fi; "
        + "way_out; xml=$5; [ ! -d \"/sys/class/net/$uplink/bridge\" ] || xml=$6; "
        + "printf %s \"$xml\" >" + BridgeScripts.Folder + "/network.xml; e=$($V net-define " + BridgeScripts.Folder + "/network.xml 2>&1) || fail \"$e\"; "
        + "e=$($V net-start \"$name\" 2>&1) || { $V net-undefine \"$name\" >/dev/null 2>&1; fail \"$e\"; }; "
        + "$V net-autostart \"$name\" >/dev/null 2>&1; rm -f \"$4\"; say made";

    // Everything that is defined or runs, and every virtual network, in one go. A single complaint spoils the proof.
    private const string ReadAll =
        "vms=$($V list --all --uuid) && nets=$($V net-list --all --uuid) || say unclear; all=; text=; "
        + "for u in $vms; do all=\"$all dumpxml $u; dumpxml --inactive $u;\"; done; for u in $nets; do all=\"$all net-dumpxml $u;\"; done; "
        + "[ -z \"$all\" ] || text=$($V \"$all\" 2>" + BridgeScripts.Folder + "/errors) || say unclear \"$(cat " + BridgeScripts.Folder + "/errors)\"; "
        + "[ -z \"$all\" ] || [ ! -s " + BridgeScripts.Folder + "/errors ] || say unclear \"$(cat " + BridgeScripts.Folder + "/errors)\"; ";

    private const string NobodyUsesIt = ReadAll
        + "case $text in *\"network='$name'\"*) rm -f \"$4\"; say used 'by the definition of a VM';; esac; ";

    private const string IsOurs =
        "$V net-info \"$name\" >/dev/null 2>&1 || { $V net-list --all --name >/dev/null || say unclear; rm -f \"$4\"; say absent; }; mine || say foreign; ";

    private const string RemoveText = Begin + IsOurs + "[ -e \"$4\" ] || say not-retired; " + NobodyUsesIt
        + "$V net-destroy \"$name\" >/dev/null 2>&1; e=$($V net-undefine \"$name\" 2>&1) || say failed \"$e\"; free; rm -f \"$4\"; say removed";

    private const string RetireText = Begin + IsOurs + NobodyUsesIt + ": >\"$4\" && say retired || say failed";

    private const string LookText = BridgeScripts.Look
        + "echo @@networks; nets=$(virsh -q -c qemu:///system net-list --uuid) || exit 1; all=; for u in $nets; do all=\"$all net-dumpxml $u;\"; done; "
        + "[ -z \"$nets\" ] || virsh -q -c qemu:///system \"$all\" || exit 1; echo @@end";

    public static RemoteCommand Look { get; } = new(["sh", "-c", LookText], Effect.Reads, BridgeScripts.ReadLimit);

    /// <summary>Definitions of VMs and of virtual networks.</summary>
    public static BridgeScripts Bridges { get; } = new(
        Virsh + ReadAll + "case $text in *\"bridge='$name'\"*|*\"<bridge name='$name'\"*) rm -f \"$4\"; say used 'by the definition of a VM or of a virtual network';; esac; ");

    public static RemoteCommand Make(HostNetwork network) =>
        BridgeScripts.Change(MakeText, network, Definition(network, onBridge: false), Definition(network, onBridge: true));

    public static RemoteCommand Retire(HostNetwork network) => BridgeScripts.Change(RetireText, network);

    public static RemoteCommand Remove(HostNetwork network) => BridgeScripts.Change(RemoveText, network);

    /// <summary>A virtual network: within the host, on one of the host's bridges, or straight on an interface.</summary>
    private static string Definition(HostNetwork network, bool onBridge)
    {
        object[] way = network.Uplink is not { } uplink
            ? [new XElement("bridge", new XAttribute("stp", "off"), new XAttribute("delay", "0")), new XElement("dns", new XAttribute("enable", "no"))]
            : onBridge
                ? [new XElement("forward", new XAttribute("mode", "bridge")), new XElement("bridge", new XAttribute("name", uplink))]
                : [new XElement("forward", new XAttribute("mode", "bridge"), new XElement("interface", new XAttribute("dev", network.Vlan is { } id ? $"{uplink}.{id}" : uplink)))];
        return new XElement(
            "network",
            new XElement("name", network.Name),
            new XElement("metadata", new XElement(VirtualNetworkReading.OurMark + "network", new XAttribute(XNamespace.Xmlns + "runbooks", VirtualNetworkReading.OurMark.NamespaceName))),
            way).ToString(SaveOptions.DisableFormatting);
    }
}
