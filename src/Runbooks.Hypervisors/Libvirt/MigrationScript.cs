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

    /// <summary>The most that libvirt takes, MiB/s: no limit. Set each time, because one that was set before stays.</summary>
    private const long NoLimitMiBs = 8_796_093_022_207;

    /// <summary>Pages that were sent before are kept in so much memory of the source, to send only what has changed in them. Enough for a busy working set, little for a host.</summary>
    private const int CacheMiB = 128;

    /// <summary>How long the source may take to connect to the destination, 20ths of a second, before we stop waiting for its job.</summary>
    private const int Patience = 600;

    /// <summary>How long a recovery may take to say that it is refused; one that works goes on.</summary>
    private const int ResumePatience = 40;

    /// <summary>The script waits on the host for <see cref="Patience"/>, each with a virsh call in it.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    // Words come as arguments, never as part of the text: $1 VM, $2 downtime, $3 bandwidth, $4 patience, the rest is virsh's
    // migrate command. The answer is one line: "started", "ended RC" with virsh's words after it, or "waiting". A job counts as
    // started when QEMU tells of memory: before that libvirt has a job, and refuses to steer it.
    private const string Text =
        "umask 077; mkdir -p /run/runbooks && cd /run/runbooks || exit 1; "
        + "vm=$1 downtime=$2 speed=$3 left=$4 log=migrate-$1.$$; shift 4; "
        + "[ \"$downtime\" = 0 ] || virsh -c qemu:///system \"migrate-setmaxdowntime $vm $downtime; migrate-setspeed $vm $speed\" >/dev/null 2>&1; "
        + "setsid sh -c '\"$@\" >\"$0.log\" 2>&1 </dev/null; echo $? >\"$0.rc.new\"; mv \"$0.rc.new\" \"$0.rc\"' \"$log\" \"$@\" >/dev/null 2>&1 </dev/null & "
        + "find . -name 'migrate-*' -mmin +60 -delete 2>/dev/null; "
        + "while [ \"$left\" -gt 0 ]; do "
        + "if [ -e \"$log.rc\" ]; then echo \"ended $(cat \"$log.rc\")\"; cat \"$log.log\"; rm -f \"$log.rc\" \"$log.log\"; exit 0; fi; "
        + "[ \"$downtime\" = 0 ] || case $(virsh -c qemu:///system domjobinfo --rawstats \"$vm\" 2>/dev/null) in *\"memory_total: \"[1-9]*) "
        + "echo started; exit 0;; esac; "
        + "left=$((left - 1)); sleep 0.05; done; echo waiting";

    public static RemoteCommand Command(LibvirtHost source, string destinationUri, MigrationRequest request)
    {
        var downtime = request.HoldSwitchOver ? HeldDowntimeMs : (long?)request.MaxDowntime?.TotalMilliseconds ?? UsualDowntimeMs;
        return Script(request, Math.Max(HeldDowntimeMs, downtime), request.BandwidthMiBs ?? NoLimitMiBs, Patience, [.. Words(source, request), .. To(destinationUri, request)]);
    }

    /// <summary>The same job with a new connection. Nothing else of it is changed, and nothing but virsh's refusal is waited for.</summary>
    public static RemoteCommand Resume(LibvirtHost source, string destinationUri, MigrationRequest request) =>
        Script(request, 0, 0, ResumePatience, [.. Words(source, request with { AllowPostCopy = true }), "--postcopy-resume", .. To(destinationUri, request)]);

    private static RemoteCommand Script(MigrationRequest request, long downtime, long speed, int patience, string[] words) =>
        new(["sh", "-c", Text, "sh", request.Vm.Value, $"{downtime}", $"{speed}", $"{patience}", .. words], Effect.Changes, Limit);

    private static string[] Words(LibvirtHost source, MigrationRequest request)
    {
        // Without --live libvirt stops the guest for the whole copy and lets it go on where it arrives.
        string[] live = request.Stopped ? [] : ["--live"];
        string[] bandwidth = request.BandwidthMiBs is { } most ? ["--bandwidth", $"{most}"] : [];
        string[] postCopy = request.AllowPostCopy ? ["--postcopy"] : [];
        string[] postCopyBandwidth = request is { AllowPostCopy: true, PostCopyBandwidthMiBs: { } limit } ? ["--postcopy-bandwidth", $"{limit}"] : [];
        string[] compressed = request.Compressed ? ["--compressed", "--comp-methods", "xbzrle", "--comp-xbzrle-cache", $"{CacheMiB * 1024L * 1024}"] : [];
        string[] parallel = request.Connections > 1 ? ["--parallel", "--parallel-connections", $"{request.Connections}"] : [];
        string[] slower = request.AutoConverge is { } slow
            ? ["--auto-converge", "--auto-converge-initial", $"{slow.InitialPercent}", "--auto-converge-increment", $"{slow.IncrementPercent}"]
            : [];
        string[] storage = source.StorageCheck == StorageCheck.Unsafe ? ["--unsafe"] : [];
        return ["virsh", "-c", Virsh.Connection, "migrate", "--p2p", .. live, "--persistent", .. bandwidth, .. postCopy, .. postCopyBandwidth, .. compressed, .. parallel, .. slower, .. storage];
    }

    private static string[] To(string destinationUri, MigrationRequest request) => ["--domain", request.Vm.Value, "--desturi", destinationUri];

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
