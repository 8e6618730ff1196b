using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;
using Runbooks.Hypervisors.Xen.Answers;

namespace Runbooks.Hypervisors.Xen;

/// <summary>
/// The programs that start a migration on its source, and end it. <c>xl migrate</c> lives in the process that runs it, so it
/// is started detached from our connection, by a process that is found by its command line as long as it lives.
/// </summary>
internal static class XenMigrationScript
{
    /// <summary>How long the source may take to reach the destination, fifths of a second, before we stop waiting.</summary>
    private const int PatienceFifths = 150;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan AbortLimit = TimeSpan.FromSeconds(30);

    // A link that is silent for 30 s is given up: xl then lets the guest go on at the source.
    private const string Ssh = "ssh -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ServerAliveCountMax=6";

    // $1 VM, $2 destination, $3 its definition here, $4 the program that puts it there, $5 log. The definition follows the
    // guest once it has arrived, and as long as it has not, this process lives and the migration counts as under way. When
    // the guest runs on here, the destination was not told to start its copy: a half of one that stayed there is ended.
    private const string RunText =
        "xl migrate -s \"" + Ssh + "\" \"$1\" \"$2\" >\"$5.log\" 2>&1; rc=$?; "
        + "if [ $rc -eq 0 ] && [ -f \"$3\" ]; then left=20; until " + Ssh + " \"$2\" \"$4\" <\"$3\" >>\"$5.log\" 2>&1 || [ $left -le 0 ]; do left=$((left - 1)); sleep 3; done; fi; "
        + "if [ $rc -ne 0 ]; then case $(xl list \"$1\" 2>/dev/null | awk 'NR == 2 { print $5 }') in ''|???s*) ;; *) left=3; "
        + "until " + Ssh + " \"$2\" \"! xl domid '$1--incoming' >/dev/null 2>&1 || xl destroy '$1--incoming'\" >>\"$5.log\" 2>&1 || [ $left -le 0 ]; do left=$((left - 1)); sleep 3; done;; esac; fi; "
        + "echo $rc >\"$5.rc.new\"; mv \"$5.rc.new\" \"$5.rc\"";

    // $1 VM, $2 folder; the definition comes on standard input.
    private const string PutText =
        "umask 077; mkdir -p \"$2\" && cat >\"$2/.$1.new\" && sync \"$2/.$1.new\" && mv \"$2/.$1.new\" \"$2/$1.cfg\" && sync \"$2\"";

    // $1 to $4 as above, $5 patience, $6 the text above. The answer is one line: "busy", "started", "ended RC" with xl's words
    // after it, or "waiting".
    private const string StartText =
        "umask 077; mkdir -p /run/runbooks && cd /run/runbooks || exit 1; find . -name 'migrate-*' -mmin +1440 -delete 2>/dev/null; "
        + "exec 9>\"job-$1\"; flock -n 9 || { echo busy; exit 0; }; log=migrate-$1.$$; "
        + "setsid sh -c \"$6\" " + XenJob.Mark + " \"$1\" \"$2\" \"$3\" \"$4\" \"$log\" >/dev/null 2>&1 </dev/null & "
        + "exec 9>&-; left=$5; while [ \"$left\" -gt 0 ]; do "
        + "if [ -e \"$log.rc\" ]; then echo \"ended $(cat \"$log.rc\")\"; cat \"$log.log\"; rm -f \"$log.rc\" \"$log.log\"; exit 0; fi; "
        + "if grep -q 'Ready to receive domain' \"$log.log\" 2>/dev/null; then echo started; exit 0; fi; "
        + "left=$((left - 1)); sleep 0.2; done; echo waiting";

    // $1 VM. Before xl tells the destination to start its copy it gives the source's domain another name. So: stop every
    // process of the migration, look whether the name is still there, and only then end them; nothing can happen between.
    // Answers "none", "late", or "ended".
    private const string AbortText =
        "groups=; for p in $(grep -lazxE 'migrate|" + XenJob.Mark + "' /proc/[0-9]*/cmdline 2>/dev/null); do "
        + "tr '\\0' '\\n' <\"$p\" 2>/dev/null | grep -qxF -e \"$1\" || continue; g=$(cut -d' ' -f5 \"${p%cmdline}stat\" 2>/dev/null); "
        + "case \" $groups \" in *\" $g \"*) ;; *) groups=\"$groups $g\";; esac; done; "
        + "[ -n \"${groups# }\" ] || { echo none; exit 0; }; "
        + "for g in $groups; do kill -STOP \"-$g\"; done; "
        + "if xl domid \"$1\" >/dev/null 2>&1; then for g in $groups; do kill -KILL \"-$g\"; done; echo ended; "
        + "else for g in $groups; do kill -CONT \"-$g\"; done; echo late; fi";

    public static RemoteCommand Start(XenHost source, XenHost destination, VmName vm) => XenScripts.Command(
        Effect.Changes,
        StartLimit,
        StartText,
        vm.Value,
        destination.MigrationHost,
        XenScripts.Path(source, vm),
        PosixQuoting.Join(["sh", "-c", PutText, "sh", vm.Value, destination.Definitions]),
        $"{PatienceFifths}",
        RunText);

    public static RemoteCommand Abort(VmName vm) => XenScripts.Command(Effect.Changes, AbortLimit, AbortText, vm.Value);

    /// <summary>What the start said.</summary>
    /// <param name="Started">xl has reached the destination, or ended well.</param>
    /// <param name="Errors">xl's words if it ended badly; null if it has not ended.</param>
    /// <param name="Busy">Another migration of the VM is under way.</param>
    public sealed record Answer(bool Started, string? Errors, bool Busy = false);

    public static Answer Read(string output)
    {
        var line = output.Split('\n', 2);
        return line[0].Trim() switch
        {
            "busy" => new Answer(false, null, Busy: true),
            "started" or "ended 0" => new Answer(true, null),
            var ended when ended.StartsWith("ended ", StringComparison.Ordinal) => new Answer(false, line.Length > 1 ? line[1] : string.Empty),
            _ => new Answer(false, null),
        };
    }
}
