using System.Globalization;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Linux.Checks;

/// <summary>The scripts that look before a migration: one call each, and nothing is changed.</summary>
internal static class CheckScripts
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    // A block device has no inode of its own worth comparing, and its size is asked elsewhere.
    private const string SeeFiles =
        "see() { for p; do if [ -b \"$p\" ]; then s=$(blockdev --getsize64 \"$p\" 2>/dev/null) && echo \"0 $s\" || echo -; "
        + "elif [ -f \"$p\" ] && [ -r \"$p\" ]; then stat -L -c '%i %s' -- \"$p\" 2>/dev/null || echo -; else echo -; fi; done; }; ";

    // The link to another host, and its counters twice. A virtual link says of itself any speed; only hardware is believed.
    private const string SeeLink =
        "way() { a=$(ssh -G -- \"$1\" 2>/dev/null | sed -n 's/^hostname //p'); a=$(getent ahosts \"${a:-$1}\" | sed -n '1s/ .*//p'); dev=; "
        + "[ -z \"$a\" ] || dev=$(ip -o route get \"$a\" 2>/dev/null | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p'); d=/sys/class/net/$dev; "
        + "[ -z \"$dev\" ] || [ ! -e \"$d/statistics\" ] || { s=-1; [ ! -e \"$d/device\" ] && ! ls -d \"$d\"/lower_* >/dev/null 2>&1 || s=$(cat \"$d/speed\" 2>/dev/null || echo -1); echo \"$dev $s\"; }; }; "
        + "sample() { [ -z \"$dev\" ] || [ ! -e \"$d/statistics\" ] || { read -r t _ </proc/uptime; read -r x <\"$d/statistics/tx_bytes\"; read -r r <\"$d/statistics/rx_bytes\"; echo \"$t $x $r\"; }; }; ";

    // $1 the host to send from, $2 how many words the hypervisor's part has, those words, then paths.
    private const string OfferText = SeeFiles + SeeLink
        + "from=$1 n=$2; shift 2; echo @@link; way \"$from\"; sample; echo @@cpu; cpu \"$@\"; shift \"$n\"; "
        + "echo @@disks; see \"$@\"; sleep 0.1; echo @@after; sample; echo @@end";

    // ssh frames its warning of a changed key with lines of '@', which would pass for marks of a section.
    private const string PeerText = SeeLink
        + "host=$1; shift; echo @@link; way \"$host\"; sample; echo @@ssh; "
        + "if [ \"$(id -u)\" = 0 ]; then said=$(\"$@\" </dev/null 2>&1); rc=$?; printf '%s\\n' \"$said\" | sed 's/^@/ @/'; echo \"rc $rc\"; [ \"$rc\" != 255 ] || ssh -G -- \"$host\" 2>/dev/null | sed -n 's/^userknownhostsfile /file /p'; "
        + "else echo 'rc other-user'; sleep 0.1; fi; echo @@after; sample; echo @@end";

    public static RemoteCommand Files(IEnumerable<string> paths) => new(["sh", "-c", SeeFiles + "see \"$@\"", "sh", .. paths], Effect.Reads, Limit);

    /// <param name="source">Where the VM would come from, as ssh there is told.</param>
    /// <param name="cpu">What the hypervisor is asked about its CPU: the body of a shell function, and its words.</param>
    /// <param name="paths">The VM's disks.</param>
    public static RemoteCommand Offer(string source, (string Script, IReadOnlyList<string> Words) cpu, IEnumerable<string> paths) => new(
        ["sh", "-c", $"cpu() {{ {cpu.Script}; }}; {OfferText}", "sh", source, cpu.Words.Count.ToString(CultureInfo.InvariantCulture), .. cpu.Words, .. paths],
        Effect.Reads,
        Limit);

    public static RemoteCommand Peer(string host, IEnumerable<string> ssh) => new(["sh", "-c", PeerText, "sh", host, .. ssh], Effect.Reads, Limit);
}
