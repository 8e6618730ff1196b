using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Disks;

/// <summary>
/// The programs that look at files of a host and copy them to another. A copy runs on its source, detached from our
/// connection, holding a lock by which it is found again; it ends by itself after its limit.
/// </summary>
/// <remarks>
/// At the destination <c>.runbooks-ID-NAME.TOKEN.part</c> is being written. Whole and checked it becomes <c>.runbooks-ID-NAME</c>,
/// and its place gets a second link to the same file: a link is never put over something else, and two names of one file prove
/// who has brought it.
/// </remarks>
internal static class DiskScripts
{
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ChangeLimit = TimeSpan.FromSeconds(90);

    // $1 whether checksums are wanted, the rest are paths. Per path one line: "- FREE", "! FREE", or
    // "+ FREE SIZE IDENTITY SUM IMAGE", where IMAGE is what qemu-img says, in base64.
    private const string LookText =
        "sums=$1; shift; if command -v qemu-img >/dev/null 2>&1; then echo 'tool yes'; else echo 'tool no'; fi; "
        + "for p; do d=$p; while :; do d=$(dirname -- \"$d\"); [ -d \"$d\" ] && break; done; free=$(df -k --output=avail -- \"$d\" | tail -n 1 | tr -d ' '); "
        + "if [ -f \"$p\" ]; then s=-; [ \"$sums\" = no ] || { s=$(sha256sum <\"$p\") && s=${s%% *}; }; i=$(qemu-img info -U --output=json \"$p\" 2>/dev/null | base64 -w0); "
        + "echo \"+ $free $(stat -Lc '%s %i:%s:%Y' -- \"$p\") ${s:--} ${i:--}\"; "
        + "elif [ -e \"$p\" ] || [ -L \"$p\" ]; then echo \"! $free\"; else echo \"- $free\"; fi; done; echo end";

    /// <summary>$1 ID, $2 target: the folder <c>d</c> and the copy's own name <c>m</c> in it.</summary>
    private const string Names = "d=$(dirname -- \"$2\"); m=$d/.runbooks-$1-$(basename -- \"$2\"); ";

    // $3 token. Nothing is read when the copy is whole already.
    private const string ReceiveText = "umask 077; " + Names
        + "[ \"$m\" -ef \"$2\" ] && exit 0; { [ -e \"$2\" ] || [ -L \"$2\" ]; } && { echo \"there is another file $2 already\" >&2; exit 24; }; "
        + "mkdir -p -- \"$d\" || exit 25; rm -f -- \"$m\" \"$m\".*.part; p=$m.$3.part; "
        + "dd of=\"$p\" bs=1M iflag=fullblock conv=sparse status=none && sync -- \"$p\" || exit 26";

    // $3 token, $4 and $5 the formats, $6 size and $7 checksum of what was sent.
    private const string PublishText = "umask 077; " + Names + "p=$m.$3.part; "
        + "[ \"$m\" -ef \"$2\" ] && exit 0; [ -f \"$p\" ] || { echo 'what was sent is gone' >&2; exit 27; }; "
        + "s=$(sha256sum <\"$p\"); [ \"$(stat -c %s -- \"$p\")\" = \"$6\" ] && [ \"${s%% *}\" = \"$7\" ] || { echo 'what arrived is not what was sent' >&2; exit 28; }; "
        + "if [ \"$4\" != \"$5\" ]; then n=$m.$3.new.part; "
        + "qemu-img convert -f \"$4\" -O \"$5\" \"$p\" \"$n\" >&2 && qemu-img compare -q -f \"$4\" -F \"$5\" \"$p\" \"$n\" >&2 || { echo \"it could not be converted from $4 to $5\" >&2; exit 29; }; mv -- \"$n\" \"$p\" || exit 25; fi; "
        + "sync -- \"$p\" && mv -- \"$p\" \"$m\" || exit 25; ln -- \"$m\" \"$2\" || exit 24; rm -f -- \"$m\".*.part; sync -- \"$d\"";

    // $1 mark, $2 ID, $3 file, $4 log, $5 limit, $6 receive, $7 publish, the rest is ssh. All of it is one process group, whose
    // last act is to end itself, the one who watches over the limit included.
    private const string RunText =
        "file=$3 log=$4 limit=$5 receive=$6 publish=$7; shift 7; (sleep \"$limit\"; kill -KILL 0) 9>&- & "
        + "{ size=$(stat -Lc %s -- \"$file\") && sum=$(sha256sum <\"$file\") && \"$@\" \"$receive\" <\"$file\" && \"$@\" \"$publish $size ${sum%% *}\" </dev/null; } >\"$log.log\" 2>&1; rc=$?; "
        + "echo $rc >\"$log.rc.new\"; mv \"$log.rc.new\" \"$log.rc\"; kill -KILL 0";

    private const string Mark = "runbooks-copy";

    private const string Folder = "umask 077; mkdir -p /run/runbooks && cd /run/runbooks || exit 1; ";

    // $1 ID, $2 the text above, $3 its file, $4 limit, $5 receive, $6 publish, the rest is ssh. Answers "busy", "over", "started".
    // Somebody who only looks has the lock for a moment too.
    private const string StartText = Folder
        + "id=$1 run=$2 file=$3 limit=$4 receive=$5 publish=$6; shift 6; exec 9>\"copy-$id.lock\"; flock -w 2 9 || { echo busy; exit 0; }; "
        + "[ ! -e \"copy-$id.over\" ] || { echo over; exit 0; }; rm -f \"copy-$id.rc\" \"copy-$id.log\"; find . -name 'copy-*' -mtime +7 -delete 2>/dev/null; "
        + "setsid sh -c \"$run\" " + Mark + " " + Mark + " \"$id\" \"$file\" \"copy-$id\" \"$limit\" \"$receive\" \"$publish\" \"$@\" >/dev/null 2>&1 </dev/null & echo started";

    // $1 ID. Answers "running", "none", or "ended RC" with what was said after it.
    private const string ObserveText = Folder
        + "exec 9>\"copy-$1.lock\"; flock -n 9 || { echo running; exit 0; }; [ -e \"copy-$1.rc\" ] || { echo none; exit 0; }; "
        + "echo \"ended $(cat \"copy-$1.rc\")\"; tail -c 2000 \"copy-$1.log\" 2>/dev/null";

    // $1 ID, $2 whether for good. The lock is had when no process of the copy is left; one that was just being started is met by
    // the next turn of the loop.
    private const string EndText = Folder
        + "[ \"$2\" = no ] || : >\"copy-$1.over\" || exit 1; exec 9>\"copy-$1.lock\"; left=60; until flock -n 9; do left=$((left - 1)); [ $left -gt 0 ] || exit 48; "
        + "for p in $(grep -lazxF " + Mark + " /proc/[0-9]*/cmdline 2>/dev/null); do tr '\\0' '\\n' <\"$p\" 2>/dev/null | grep -qxF -e \"$1\" || continue; "
        + "g=$(cut -d' ' -f5 \"${p%cmdline}stat\" 2>/dev/null); [ -z \"$g\" ] || [ \"$g\" = \"$(cut -d' ' -f5 /proc/$$/stat)\" ] || kill -KILL \"-$g\" 2>/dev/null; done; sleep 0.2; done; rm -f \"copy-$1.rc\" \"copy-$1.log\"";

    // A part may get its next name at any moment.
    private const string SightText = "size() { stat -c %s -- \"$1\" 2>/dev/null || echo 0; }; " + Names
        + "if [ \"$m\" -ef \"$2\" ]; then echo \"whole $(size \"$2\")\"; elif [ -e \"$2\" ] || [ -L \"$2\" ]; then echo 'other 0'; "
        + "else set -- \"$m\".*.part; if [ -e \"$1\" ]; then echo \"part $(size \"$1\")\"; elif [ -e \"$m\" ]; then echo 'part 0'; else echo 'none 0'; fi; fi";

    private const string RemoveText = Names
        + "[ -d \"$d\" ] || exit 0; [ ! \"$m\" -ef \"$2\" ] || rm -f -- \"$2\" || exit 1; rm -f -- \"$m\" \"$m\".*.part && sync -- \"$d\"";

    private const string KeepText = Names + "[ -d \"$d\" ] || exit 0; rm -f -- \"$m\" \"$m\".*.part && sync -- \"$d\"";

    // $1 path, $2 identity.
    private const string DeleteText =
        "[ -e \"$1\" ] || [ -L \"$1\" ] || exit 0; [ \"$(stat -Lc '%i:%s:%Y' -- \"$1\")\" = \"$2\" ] || { echo 'it has been changed since it was looked at' >&2; exit 24; }; "
        + "rm -f -- \"$1\" && sync -- \"$(dirname -- \"$1\")\"";

    // $1 ID, $2 a file in the folder, $3 what to do.
    private const string MarkText = "f=$(dirname -- \"$2\")/.runbooks-$1-mark; case $3 in set) : >\"$f\";; clear) rm -f -- \"$f\";; esac || exit 1; [ -e \"$f\" ] && echo yes || echo no";

    public static RemoteCommand Look(IReadOnlyList<string> paths, bool withChecksums) => Command(Effect.Reads, ReadLimit, LookText, [withChecksums ? "yes" : "no", .. paths]);

    public static RemoteCommand Start(FileCopy copy, IReadOnlyList<string> ssh, string token) => Command(
        Effect.Changes,
        ChangeLimit,
        StartText,
        [
            copy.Id, RunText, copy.Path, $"{(long)copy.Limit.TotalSeconds}",
            PosixQuoting.Join(["sh", "-c", ReceiveText, "sh", copy.Id, copy.Target, token]),
            PosixQuoting.Join(["sh", "-c", PublishText, "sh", copy.Id, copy.Target, token, copy.Format, copy.TargetFormat]),
            .. ssh,
        ]);

    public static RemoteCommand Observe(FileCopy copy) => Command(Effect.Reads, ReadLimit, ObserveText, [copy.Id]);

    public static RemoteCommand End(FileCopy copy, bool forGood) => Command(Effect.Changes, ChangeLimit, EndText, [copy.Id, forGood ? "yes" : "no"]);

    public static RemoteCommand Sight(FileCopy copy) => Command(Effect.Reads, ReadLimit, SightText, [copy.Id, copy.Target]);

    public static RemoteCommand Remove(FileCopy copy) => Command(Effect.Changes, ChangeLimit, RemoveText, [copy.Id, copy.Target]);

    public static RemoteCommand Keep(FileCopy copy) => Command(Effect.Changes, ChangeLimit, KeepText, [copy.Id, copy.Target]);

    public static RemoteCommand Delete(string path, string identity) => Command(Effect.Changes, ChangeLimit, DeleteText, [path, identity]);

    public static RemoteCommand SetMark(string path, string id, bool isMarked) => Command(Effect.Changes, ReadLimit, MarkText, [id, path, isMarked ? "set" : "clear"]);

    public static RemoteCommand SeeMark(string path, string id) => Command(Effect.Reads, ReadLimit, MarkText, [id, path, "see"]);

    private static RemoteCommand Command(Effect effect, TimeSpan limit, string text, IReadOnlyList<string> words) => new(["sh", "-c", text, "sh", .. words], effect, limit);
}
