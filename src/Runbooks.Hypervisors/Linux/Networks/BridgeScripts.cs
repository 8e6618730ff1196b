using System.Globalization;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Linux.Networks;

/// <summary>
/// The scripts that look at, make and remove the bridges and VLANs of a Linux host. Each decides and acts in one go under a
/// lock of the host, so that nobody who obeys it comes between the look and the act.
/// </summary>
/// <remarks>
/// Names come as arguments, never as part of the text. The answer is one word, and words of the tools after it. What we
/// make is marked: a link by its alias. Nothing without that mark is changed.
/// </remarks>
/// <param name="findUsers">
/// What the hypervisor adds to the proof that nobody uses the bridge <c>$name</c>: it says <c>used</c> or <c>unclear</c>, or
/// comes to its end. Running guests are seen without it, as ports of the bridge.
/// </param>
internal sealed class BridgeScripts(string findUsers)
{
    public const string Folder = "/run/runbooks";

    /// <summary>
    /// How every change begins: its arguments are <c>$name</c>, <c>$uplink</c>, <c>$vlan</c> and, as <c>$4</c>, the file that
    /// marks a retired network; the lock is held, and the words that the others use are there.
    /// </summary>
    public const string Begin =
        "umask 077; name=$1 uplink=$2 vlan=$3; "
        + "mkdir -p " + Folder + " && exec 9>" + Folder + "/networks.lock && flock -w 20 9 || { echo busy; exit 0; }; "
        + "say() { echo \"$*\"; exit 0; }; "
        + "is() { [ -e \"/sys/class/net/$1\" ]; }; "
        + "own() { [ \"$(cat \"/sys/class/net/$1/ifalias\" 2>/dev/null)\" = " + LinkReading.OurAlias + " ]; }; "
        + "above() { ls -d \"/sys/class/net/$1\"/upper_* >/dev/null 2>&1; }; "
        + "port=$uplink; [ -z \"$vlan\" ] || port=$uplink.$vlan; made=; "
        + "fail() { for made in $made; do ip link delete dev \"$made\" 2>/dev/null; done; say failed \"$@\"; }; "
        + "free() { for p in $port; do if [ -n \"$vlan\" ] && is \"$p\" && own \"$p\" && ! above \"$p\"; then ip link delete dev \"$p\"; fi; done; }; "

        // The way out: a VLAN of the uplink, or the uplink itself when the host has no use of its own for it.
        + "way_out() { [ -n \"$uplink\" ] || return 0; is \"$uplink\" || say no-uplink; "
        + "[ $(($(cat \"/sys/class/net/$uplink/flags\") & 1)) = 1 ] || say uplink-down; "
        + "if [ -n \"$vlan\" ]; then [ ! -d \"/sys/class/net/$uplink/bridge\" ] || say vlan-on-bridge; "
        + "if is \"$port\"; then own \"$port\" || say port-taken; else "
        + "e=$(ip link add link \"$uplink\" name \"$port\" type vlan id \"$vlan\" 2>&1) || case $e in *'Unknown device type'*|*'not supported'*) say no-vlan \"$e\";; *) fail \"$e\";; esac; "
        + "made=$port; ip link set dev \"$port\" alias " + LinkReading.OurAlias + " addrgenmode none || fail alias; fi; ip link set dev \"$port\" up; fi; }; ";

    /// <summary>Part of a look: JSON of the host's links, and the names of its retired networks.</summary>
    public const string Look = "echo @@links; ip -json -details link show || exit 1; echo; echo @@retired; ls " + Folder + " 2>/dev/null | sed -n 's/^retired-//p'; ";

    public static TimeSpan ReadLimit { get; } = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan ChangeLimit = TimeSpan.FromSeconds(60);

    private const string MakeText = Begin
        + "if is \"$name\"; then [ -d \"/sys/class/net/$name/bridge\" ] || say taken; own \"$name\" || say there; fi; "
        + "way_out; "
        + "if [ -n \"$uplink\" ]; then m=$(readlink \"/sys/class/net/$port/master\"); m=${m##*/}; "
        + "if [ \"$m\" != \"$name\" ]; then [ -z \"$m\" ] || say port-taken; "
        + "[ -n \"$vlan\" ] || { [ -z \"$(ip -o address show dev \"$port\" scope global)\" ] && ! above \"$port\" && [ ! -d \"/sys/class/net/$port/bridge\" ]; } || say uplink-used; fi; fi; "
        + "is \"$name\" || { e=$(ip link add name \"$name\" type bridge forward_delay 0 2>&1) || fail \"$e\"; made=\"$name $made\"; ip link set dev \"$name\" alias " + LinkReading.OurAlias + " addrgenmode none || fail alias; }; "
        + "[ -z \"$uplink\" ] || { e=$(ip link set dev \"$port\" master \"$name\" 2>&1) || fail \"$e\"; ip link set dev \"$port\" up; }; "
        + "e=$(ip link set dev \"$name\" up 2>&1) || fail \"$e\"; rm -f \"$4\"; say made";

    // Whoever is found to use it takes it back.
    private const string PortsUseIt =
        "for p in \"/sys/class/net/$name/brif\"/*; do p=${p##*/}; [ \"$p\" = '*' ] || [ \"$p\" = \"$port\" ] || { rm -f \"$4\"; say used \"by the interface $p\"; }; done; ";

    private const string IsOurs = "is \"$name\" || { rm -f \"$4\"; say absent; }; own \"$name\" || say foreign; ";

    private readonly string retireText = Begin + IsOurs + PortsUseIt + findUsers + ": >\"$4\" && say retired || say failed";

    private readonly string removeText = Begin + IsOurs + "[ -e \"$4\" ] || say not-retired; " + PortsUseIt + findUsers
        + "e=$(ip link delete dev \"$name\" type bridge 2>&1) || say failed \"$e\"; free; rm -f \"$4\"; say removed";

    public static RemoteCommand Make(HostNetwork bridge) => Change(MakeText, bridge);

    /// <param name="bridge">The bridge.</param>
    /// <param name="words">Arguments for the hypervisor's part, from <c>$5</c>.</param>
    public RemoteCommand Retire(HostNetwork bridge, params string[] words) => Change(retireText, bridge, words);

    /// <inheritdoc cref="Retire"/>
    public RemoteCommand Remove(HostNetwork bridge, params string[] words) => Change(removeText, bridge, words);

    /// <summary>What a retired network's mark is called.</summary>
    public static string RetiredName(HostNetwork network) => $"{(network.Kind == NetworkKind.Bridge ? "bridge" : "virtual")}-{network.Name}";

    public static RemoteCommand Change(string text, HostNetwork network, params string[] words) => new(
        ["sh", "-c", text, "sh", network.Name, network.Uplink ?? string.Empty, network.Vlan?.ToString(CultureInfo.InvariantCulture) ?? string.Empty, $"{Folder}/retired-{RetiredName(network)}", .. words],
        Effect.Changes,
        ChangeLimit);
}
