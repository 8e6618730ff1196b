using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt;

/// <summary>
/// The command that starts a migration on its source. virsh runs there detached from our connection, and the job is
/// peer-to-peer, so it belongs to the source's libvirtd: neither our death nor the connection's ends it.
/// </summary>
internal static class MigrationScript
{
    /// <summary>What QEMU allows by itself, ms; set each time, because a held migration that failed leaves its own value behind.</summary>
    private const int UsualDowntimeMs = 300;

    /// <summary>The least that libvirt accepts, ms: a guest that writes does not get below it.</summary>
    private const int HeldDowntimeMs = 1;

    /// <summary>How long the source may take to connect to the destination, tenths of a second, before we stop waiting for its job.</summary>
    private const int PatienceTenths = 300;

    /// <summary>The script waits on the host for <see cref="PatienceTenths"/>, each with a virsh call in it.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    // Words come as arguments, never as part of the text: $1 VM, $2 downtime, $3 patience, the rest is virsh's migrate command.
    // The answer is one line: "started", "ended RC" with virsh's words after it, or "waiting".
    private const string Text =
        "umask 077; mkdir -p /run/runbooks && cd /run/runbooks || exit 1; find . -name 'migrate-*' -mmin +60 -delete 2>/dev/null; "
        + "vm=$1 downtime=$2 left=$3 log=migrate-$1.$$; shift 3; "
        + "virsh -c qemu:///system migrate-setmaxdowntime \"$vm\" \"$downtime\" >/dev/null 2>&1; "
        + "setsid sh -c '\"$@\" >\"$0.log\" 2>&1 </dev/null; echo $? >\"$0.rc.new\"; mv \"$0.rc.new\" \"$0.rc\"' \"$log\" \"$@\" >/dev/null 2>&1 </dev/null & "
        + "while [ \"$left\" -gt 0 ]; do "
        + "if [ -e \"$log.rc\" ]; then echo \"ended $(cat \"$log.rc\")\"; cat \"$log.log\"; rm -f \"$log.rc\" \"$log.log\"; exit 0; fi; "
        + "case $(virsh -c qemu:///system domjobinfo --rawstats \"$vm\" 2>/dev/null) in *memory_total*) "
        + "echo started; exit 0;; esac; "
        + "left=$((left - 1)); sleep 0.1; done; echo waiting";

    public static RemoteCommand Command(LibvirtHost source, string destinationUri, MigrationRequest request)
    {
        string[] bandwidth = request.BandwidthMiBs is { } most ? ["--bandwidth", $"{most}"] : [];
        string[] storage = source.StorageCheck == StorageCheck.Unsafe ? ["--unsafe"] : [];
        return new RemoteCommand(
            [
                "sh", "-c", Text, "sh",
                request.Vm.Value,
                $"{(request.HoldSwitchOver ? HeldDowntimeMs : UsualDowntimeMs)}",
                $"{PatienceTenths}",
                "virsh", "-c", Virsh.Connection, "migrate", "--p2p", "--live", "--persistent", .. bandwidth, .. storage,
                "--domain", request.Vm.Value, "--desturi", destinationUri,
            ],
            Effect.Changes,
            Limit);
    }

    /// <summary>What the script said.</summary>
    /// <param name="Started">A job was seen, or virsh ended well.</param>
    /// <param name="Errors">virsh's words if it ended badly; null if it has not ended.</param>
    public sealed record Answer(bool Started, string? Errors);

    public static Answer Read(string output)
    {
        var line = output.Split('\n', 2);
        return line[0].Trim() switch
        {
            "started" or "ended 0" => new Answer(true, null),
            var ended when ended.StartsWith("ended ", StringComparison.Ordinal) => new Answer(false, line.Length > 1 ? line[1] : string.Empty),
            _ => new Answer(false, null),
        };
    }
}
