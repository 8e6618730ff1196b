using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Ssh;
using Runbooks.Hypervisors.Xen.Answers;

namespace Runbooks.Hypervisors.Xen;

/// <summary>
/// The programs that run on a Xen host. Names and texts come to them as arguments, never as part of the program. A VM's
/// changes hold the VM's lock, so that two of them, of two workers, come one after the other.
/// </summary>
internal static class XenScripts
{
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(30);

    /// <summary>Building a domain and taking one down touch all of its memory.</summary>
    private static readonly TimeSpan ChangeLimit = TimeSpan.FromSeconds(120);

    // $1 folder of definitions, $2 a VM, or * for all; $3 "host" to read the host too. The list comes last: it is what proves absence.
    // base64, so that no definition and no command line can pass for a part of the answer. A definition that goes in this moment is gone.
    private const string ReadText =
        "echo @@uptime; read -r up rest </proc/uptime; echo \"$up\"; "
        + "echo @@definitions; for f in \"$1\"/$2.cfg; do [ -f \"$f\" ] || continue; n=${f##*/}; n=${n%.cfg}; "
        + "case $n in *[!A-Za-z0-9_.+-]*|[!A-Za-z0-9]*|'') continue;; esac; b=$(base64 -w0 2>/dev/null <\"$f\") || { [ -e \"$f\" ] || continue; exit 3; }; echo \"$n $b\"; done; "
        + "echo @@jobs; for p in $(grep -lazxE 'migrate|" + XenJob.Mark + "' /proc/[0-9]*/cmdline 2>/dev/null); do "
        + "b=$(base64 -w0 <\"$p\" 2>/dev/null) && t=$(cut -d' ' -f22 \"${p%cmdline}stat\" 2>/dev/null) && [ -n \"$t\" ] && echo \"$t $b\"; done; "
        + "echo @@info; [ \"$3\" != host ] || xl info || exit $?; "
        + "echo @@list; xl list -v || exit $?; echo @@end";

    /// <summary>Sets <c>bridge</c> to the bridge of interfaces that name none: xl's own setting, or what xl takes without it.</summary>
    public const string DefaultBridge =
        "bridge=$(sed -n 's/^[[:space:]]*vif\\.default\\.bridge[[:space:]]*=[[:space:]]*\"\\([^\"]*\\)\".*/\\1/p' /etc/xen/xl.conf 2>/dev/null | tail -n 1); bridge=${bridge:-xenbr0}; ";

    // $1 VM, $2 its definition. xl info comes first: with a Xen that does not answer, a VM without a domain proves nothing.
    private const string ReadConfigurationText = DefaultBridge
        + "xl info >/dev/null || exit $?; echo @@cpu; " + XenCpu.Script + "; echo @@bridge; echo \"$bridge\"; "
        + "echo @@definition; [ ! -f \"$2\" ] || { base64 -w0 2>/dev/null <\"$2\" && echo; } || [ ! -e \"$2\" ] || exit 3; "
        + "echo @@domain; ! xl domid \"$1\" >/dev/null 2>&1 || xl list -l \"$1\" || exit $?; echo; echo @@end";

    /// <summary>Waits for the lock of the VM $1; file descriptor 9 holds it until the program ends.</summary>
    private const string Lock = "umask 077; mkdir -p /run/runbooks && exec 9>\"/run/runbooks/lock-$1\" && flock -w 60 9 || exit 47; ";

    // $1 VM, $2 its definition. No other copy of it may be here: neither one that arrives nor one that has left.
    private const string StartText = Lock
        + "[ -f \"$2\" ] || { echo \"$1 has no definition here\" >&2; exit 44; }; "
        + "l=$(xl list) || exit $?; echo \"$l\" | awk -v n=\"$1\" 'NR > 1 && ($1 == n || $1 == n \"--incoming\" || $1 == n \"--migratedaway\") { x = 1 } END { exit x }' "
        + "|| { echo \"a domain of $1 is here already\" >&2; exit 45; }; xl create -q \"$2\" 9>&-";

    // $1 VM, $2 its UUID, $3 which copies were seen: "itself", "incoming", "away", "nameless". Only these are taken down. Half a
    // copy is renamed and started by its receiver; with all receivers stopped for a moment, what has the name is half a copy.
    private const string DestroyText = Lock
        + "end() { ! xl domid \"$1\" >/dev/null 2>&1 || xl destroy \"$1\"; }; "
        + "case $3 in *itself*) end \"$1\" || exit $?;; esac; "
        + "case $3 in *away*) end \"$1--migratedaway\" || exit $?;; esac; "
        + "case $3 in *incoming*) ps=; for p in $(grep -lazxE 'migrate-receive' /proc/[0-9]*/cmdline 2>/dev/null); do p=${p#/proc/}; p=${p%/cmdline}; [ \"$p\" = self ] || ps=\"$ps $p\"; done; "
        + "[ -z \"$ps\" ] || kill -STOP $ps 2>/dev/null; end \"$1--incoming\"; r=$?; [ -z \"$ps\" ] || kill -CONT $ps 2>/dev/null; [ $r -eq 0 ] || exit $r;; esac; "
        + "case $3 in *nameless*) l=$(xl list -v) || exit $?; "
        + "for i in $(echo \"$l\" | awk -v u=\"$2\" 'NR > 1 && $1 == \"(null)\" && $7 == u && substr($5, 6, 1) != \"d\" { print $2 }'); do xl destroy \"$i\" || exit $?; done;; esac";

    // $1 VM. A domain that has suspended itself for a migration goes on when it is saved once more, to nowhere, and kept: xl
    // has no other word for it, and resumes it too when the save fails, which is why its exit code is not looked at.
    private const string ResumeText = Lock
        + "if ! xl domid \"$1\" >/dev/null 2>&1 && xl domid \"$1--migratedaway\" >/dev/null 2>&1; then xl rename \"$1--migratedaway\" \"$1\" || exit $?; fi; "
        + "s=$(xl list \"$1\") || exit $?; case $(echo \"$s\" | awk 'NR == 2 { print $5 }') in ---ss*) xl save -c \"$1\" /dev/null;; *) xl unpause \"$1\";; esac";

    // $1 VM, $2 folder, $3 the definition in base64. Ok when the same is there already.
    private const string DefineText = Lock
        + "mkdir -p \"$2\" && printf %s \"$3\" | base64 -d >\"$2/.$1.new\" || exit $?; "
        + "if [ -e \"$2/$1.cfg\" ]; then cmp -s \"$2/$1.cfg\" \"$2/.$1.new\"; r=$?; rm -f \"$2/.$1.new\"; [ $r -eq 0 ] || { echo \"$1 has another definition here\" >&2; exit 46; }; exit 0; fi; "
        + "sync \"$2/.$1.new\" && mv \"$2/.$1.new\" \"$2/$1.cfg\" && sync \"$2\"";

    // $1 VM, $2 folder, $3 what is expected and $4 what takes its place, in base64.
    private const string ReplaceText = Lock
        + "f=$2/$1.cfg n=$2/.$1.new; [ -f \"$f\" ] || { echo \"$1 has no definition here\" >&2; exit 44; }; printf %s \"$4\" | base64 -d >\"$n\" || exit $?; "
        + "if cmp -s \"$f\" \"$n\"; then rm -f \"$n\"; exit 0; fi; "
        + "printf %s \"$3\" | base64 -d | cmp -s - \"$f\" || { rm -f \"$n\"; echo \"somebody else has changed the definition of $1\" >&2; exit 46; }; "
        + "sync \"$n\" && mv \"$n\" \"$f\" && sync \"$2\"";

    // $1 VM, $2 folder, $3 its definition as it was seen, empty when there was none, and $4 what takes its place, in base64; then xl's
    // words. What can fail without anything having changed comes first: a full disk shows before the guest is told. Who dies
    // between xl and mv has changed the guest alone, and is asked for the same again.
    private const string ScaleText = Lock
        + "vm=$1 f=$2/$1.cfg n=$2/.$1.new d=$2 new=$4; "
        + "if [ -z \"$3\" ]; then [ ! -e \"$f\" ]; else printf %s \"$3\" | base64 -d | cmp -s - \"$f\"; fi || { echo \"somebody else has changed the definition of $vm\" >&2; exit 46; }; "
        + "[ -z \"$new\" ] || { printf %s \"$new\" | base64 -d >\"$n\" && sync \"$n\"; } || { r=$?; rm -f \"$n\"; exit $r; }; "
        + "shift 4; xl \"$@\" || { r=$?; rm -f \"$n\"; exit $r; }; "
        + "[ -z \"$new\" ] || { mv \"$n\" \"$f\" && sync \"$d\"; }";

    // $1 VM, $2 folder.
    private const string UndefineText = Lock + "rm -f \"$2/$1.cfg\" && { [ ! -d \"$2\" ] || sync \"$2\"; }";

    public static RemoteCommand ReadHost(XenHost host) => Command(Effect.Reads, ReadLimit, ReadText, host.Definitions, "*", "host");

    public static RemoteCommand ReadVm(XenHost host, VmName vm) => Command(Effect.Reads, ReadLimit, ReadText, host.Definitions, vm.Value, "vm");

    public static RemoteCommand ReadConfiguration(XenHost host, VmName vm) => Command(Effect.Reads, ReadLimit, ReadConfigurationText, vm.Value, Path(host, vm));

    public static RemoteCommand Start(XenHost host, VmName vm) => Command(Effect.Changes, ChangeLimit, StartText, vm.Value, Path(host, vm));

    public static RemoteCommand ShutDown(VmName vm) => new(["xl", "shutdown", vm.Value], Effect.Changes, ChangeLimit);

    public static RemoteCommand Pause(VmName vm) => new(["xl", "pause", vm.Value], Effect.Changes, ChangeLimit);

    /// <summary>Takes down the copies that were seen, and no other that may have come meanwhile.</summary>
    public static RemoteCommand Destroy(DomainSight seen) => Command(
        Effect.Changes,
        ChangeLimit,
        DestroyText,
        seen.Vm.Value,
        $"{seen.Domains[0].Uuid}",
        string.Join(' ', seen.Domains.Select(d => d.Role switch
        {
            DomainRole.Incoming => "incoming",
            DomainRole.MigratedAway => "away",
            DomainRole.Nameless => "nameless",
            _ => "itself",
        })));

    public static RemoteCommand Resume(VmName vm) => Command(Effect.Changes, ChangeLimit, ResumeText, vm.Value);

    public static RemoteCommand Define(XenHost host, VmName vm, string base64) => Command(Effect.Changes, ChangeLimit, DefineText, vm.Value, host.Definitions, base64);

    public static RemoteCommand Replace(XenHost host, VmName vm, string expected, string replacement) =>
        Command(Effect.Changes, ChangeLimit, ReplaceText, vm.Value, host.Definitions, expected, replacement);

    /// <param name="host">The host.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="definition">Its definition, as it was seen and as it is to be, in base64; empty when it has none.</param>
    /// <param name="words">What xl is told.</param>
    public static RemoteCommand Scale(XenHost host, VmName vm, (string Seen, string Wanted) definition, params string[] words) =>
        Command(Effect.Changes, ChangeLimit, ScaleText, [vm.Value, host.Definitions, definition.Seen, definition.Wanted, .. words]);

    public static RemoteCommand Undefine(XenHost host, VmName vm) => Command(Effect.Changes, ChangeLimit, UndefineText, vm.Value, host.Definitions);

    public static string Path(XenHost host, VmName vm) => $"{host.Definitions}/{vm}.cfg";

    internal static RemoteCommand Command(Effect effect, TimeSpan limit, string text, params string[] words) =>
        new(["sh", "-c", text, "sh", .. words], effect, limit);
}
