using System.Globalization;
using System.Xml.Linq;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt.Networks;

/// <summary>
/// The scripts that look at, make and remove networks on a host. Each decides and acts in one go under a lock of the host,
/// so that nobody who obeys it comes between the look and the act.
/// </summary>
/// <remarks>
/// Names come as arguments, never as part of the text. The answer is one word, and words of the tools after it. What we
/// make is marked: a link by its alias, a virtual network in its metadata. Nothing without that mark is changed.
/// </remarks>
internal static class NetworkScripts
{
    private const string Folder = "/run/runbooks";

    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ChangeLimit = TimeSpan.FromSeconds(60);

    private const string Shared =
        "umask 077; V='virsh -q -c qemu:///system'; name=$1 uplink=$2 vlan=$3; "
        + "mkdir -p " + Folder + " && exec 9>" + Folder + "/networks.lock && flock -w 20 9 || { echo busy; exit 0; }; "
        + "say() { echo \"$*\"; exit 0; }; "
        + "is() { [ -e \"/sys/class/net/$1\" ]; }; "
        + "own() { [ \"$(cat \"/sys/class/net/$1/ifalias\" 2>/dev/null)\" = runbooks ]; }; "
        + "above() { ls -d \"/sys/class/net/$1\"/upper_* >/dev/null 2>&1; }; "
        + "port=$uplink; [ -z \"$vlan\" ] || port=$uplink.$vlan; made=; "
        + "fail() { for made in $made; do ip link delete dev \"$made\" 2>/dev/null; done; say failed \"$@\"; }; "
        + "virtual() { $V net-dumpxml --inactive \"$name\" 2>/dev/null; }; "
        + "mine() { case $(virtual) in *urn:runbooks:network*) true;; *) false;; esac; }; "
        + "free() { for p in $port; do if [ -n \"$vlan\" ] && is \"$p\" && own \"$p\" && ! above \"$p\"; then ip link delete dev \"$p\"; fi; done; }; "

        // The way out: a VLAN of the uplink, or the uplink itself when the host has no use of its own for it.
        + "way_out() { [ -n \"$uplink\" ] || return 0; is \"$uplink\" || say no-uplink; "
        + "[ $(($(cat \"/sys/class/net/$uplink/flags\") & 1)) = 1 ] || say uplink-down; "
        + "if [ -n \"$vlan\" ]; then [ ! -d \"/sys/class/net/$uplink/bridge\" ] || say vlan-on-bridge; "
        + "if is \"$port\"; then own \"$port\" || say port-taken; else "
        + "e=$(ip link add link \"$uplink\" name \"$port\" type vlan id \"$vlan\" 2>&1) || case $e in *'Unknown device type'*|*'not supported'*) say no-vlan \"$e\";; *) fail \"$e\";; esac; "
        + "made=$port; ip link set dev \"$port\" alias runbooks addrgenmode none || fail alias; fi; ip link set dev \"$port\" up; fi; }; ";

    private const string MakeBridge = Shared
        + "if is \"$name\"; then [ -d \"/sys/class/net/$name/bridge\" ] || say taken; own \"$name\" || say there; fi; "
        + "way_out; "
        + "if [ -n \"$uplink\" ]; then m=$(readlink \"/sys/class/net/$port/master\"); m=${m##*/}; "
        + "if [ \"$m\" != \"$name\" ]; then [ -z \"$m\" ] || say port-taken; "
        + "[ -n \"$vlan\" ] || { [ -z \"$(ip -o address show dev \"$port\" scope global)\" ] && ! above \"$port\" && [ ! -d \"/sys/class/net/$port/bridge\" ]; } || say uplink-used; fi; fi; "
        + "is \"$name\" || { e=$(ip link add name \"$name\" type bridge forward_delay 0 2>&1) || fail \"$e\"; made=\"$name $made\"; ip link set dev \"$name\" alias runbooks addrgenmode none || fail alias; }; "
        + "[ -z \"$uplink\" ] || { e=$(ip link set dev \"$port\" master \"$name\" 2>&1) || fail \"$e\"; ip link set dev \"$port\" up; }; "
        + "e=$(ip link set dev \"$name\" up 2>&1) || fail \"$e\"; rm -f \"$4\"; say made";

    // A network that is there and not active was stopped by somebody; only one of ours is started again.
    private const string MakeVirtual = Shared
        + "if $V net-info \"$name\" >/dev/null 2>&1; then "
        + "up=; ! $V net-list --name | grep -qxF -e \"$name\" || up=1; "
        + "mine || { [ -n \"$up\" ] && say there || say inactive; }; "
        + "way_out; [ -n \"$up\" ] || e=$($V net-start \"$name\" 2>&1) || fail \"$e\"; rm -f \"$4\"; say made; fi; "
        + "way_out; xml=$5; [ ! -d \"/sys/class/net/$uplink/bridge\" ] || xml=$6; "
        + "printf %s \"$xml\" >" + Folder + "/network.xml; e=$($V net-define " + Folder + "/network.xml 2>&1) || fail \"$e\"; "
        + "e=$($V net-start \"$name\" 2>&1) || { $V net-undefine \"$name\" >/dev/null 2>&1; fail \"$e\"; }; "
        + "$V net-autostart \"$name\" >/dev/null 2>&1; rm -f \"$4\"; say made";

    // Everything that is defined or runs, and every virtual network, in one go. A single complaint spoils the proof.
    private const string LookForUsers =
        "vms=$($V list --all --uuid) && nets=$($V net-list --all --uuid) || say unclear; all=; text=; "
        + "for u in $vms; do all=\"$all dumpxml $u; dumpxml --inactive $u;\"; done; for u in $nets; do all=\"$all net-dumpxml $u;\"; done; "
        + "[ -z \"$all\" ] || text=$($V \"$all\" 2>" + Folder + "/errors) || say unclear \"$(cat " + Folder + "/errors)\"; "
        + "[ -z \"$all\" ] || [ ! -s " + Folder + "/errors ] || say unclear \"$(cat " + Folder + "/errors)\"; ";

    // Whoever is found to use it takes it back.
    private const string BridgeUsers =
        "for p in \"/sys/class/net/$name/brif\"/*; do p=${p##*/}; [ \"$p\" = '*' ] || [ \"$p\" = \"$port\" ] || { rm -f \"$4\"; say used \"by the interface $p\"; }; done; "
        + LookForUsers
        + "case $text in *\"bridge='$name'\"*|*\"<bridge name='$name'\"*) rm -f \"$4\"; say used 'by the definition of a VM or of a virtual network';; esac; ";

    private const string VirtualUsers = LookForUsers
        + "case $text in *\"network='$name'\"*) rm -f \"$4\"; say used 'by the definition of a VM';; esac; ";

    private const string IsOurBridge = "is \"$name\" || { rm -f \"$4\"; say absent; }; own \"$name\" || say foreign; ";

    private const string IsOurVirtual =
        "$V net-info \"$name\" >/dev/null 2>&1 || { $V net-list --all --name >/dev/null || say unclear; rm -f \"$4\"; say absent; }; mine || say foreign; ";

    private const string RemoveBridge = Shared + IsOurBridge + "[ -e \"$4\" ] || say not-retired; " + BridgeUsers
        + "e=$(ip link delete dev \"$name\" type bridge 2>&1) || say failed \"$e\"; free; rm -f \"$4\"; say removed";

    private const string RemoveVirtual = Shared + IsOurVirtual + "[ -e \"$4\" ] || say not-retired; " + VirtualUsers
        + "$V net-destroy \"$name\" >/dev/null 2>&1; e=$($V net-undefine \"$name\" 2>&1) || say failed \"$e\"; free; rm -f \"$4\"; say removed";

    private const string RetireBridge = Shared + IsOurBridge + BridgeUsers + ": >\"$4\" && say retired || say failed";

    private const string RetireVirtual = Shared + IsOurVirtual + VirtualUsers + ": >\"$4\" && say retired || say failed";

    private const string Observe =
        "echo @@links; ip -json -details link show || exit 1; echo; echo @@retired; ls " + Folder + " 2>/dev/null | sed -n 's/^retired-//p'; echo @@networks; "
        + "nets=$(virsh -q -c qemu:///system net-list --uuid) || exit 1; all=; for u in $nets; do all=\"$all net-dumpxml $u;\"; done; "
        + "[ -z \"$nets\" ] || virsh -q -c qemu:///system \"$all\" || exit 1; echo @@end";

    public static RemoteCommand Look { get; } = new(["sh", "-c", Observe], Effect.Reads, ReadLimit);

    public static RemoteCommand Create(HostNetwork network) => network.Kind == NetworkKind.Bridge
        ? Change(MakeBridge, network)
        : Change(MakeVirtual, network, Definition(network, onBridge: false), Definition(network, onBridge: true));

    public static RemoteCommand Retire(HostNetwork network) => Change(network.Kind == NetworkKind.Bridge ? RetireBridge : RetireVirtual, network);

    public static RemoteCommand Remove(HostNetwork network) => Change(network.Kind == NetworkKind.Bridge ? RemoveBridge : RemoveVirtual, network);

    /// <summary>What a retired network's mark is called.</summary>
    public static string RetiredName(HostNetwork network) => $"{(network.Kind == NetworkKind.Bridge ? "bridge" : "virtual")}-{network.Name}";

    private static RemoteCommand Change(string text, HostNetwork network, params string[] more) => new(
        ["sh", "-c", text, "sh", network.Name, network.Uplink ?? string.Empty, network.Vlan?.ToString(CultureInfo.InvariantCulture) ?? string.Empty, $"{Folder}/retired-{RetiredName(network)}", .. more],
        Effect.Changes,
        ChangeLimit);

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
            new XElement("metadata", new XElement(NetworkReading.OurMark + "network", new XAttribute(XNamespace.Xmlns + "runbooks", NetworkReading.OurMark.NamespaceName))),
            way).ToString(SaveOptions.DisableFormatting);
    }
}
