using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Libvirt.Answers;

/// <summary>libvirt's numbers for states and their reasons (virDomainState and its companions), in virsh's words.</summary>
internal static class VmStates
{
    public const string Migrating = "migrating";
    public const string Migrated = "migrated";
    public const string PostCopy = "post-copy";
    public const string PostCopyFailed = "post-copy failed";

    private const string Unknown = "unknown";

    private static readonly string[] Running =
        [Unknown, "booted", Migrated, "restored", "from snapshot", "unpaused", "migration canceled", "save canceled", "event wakeup", "crashed", PostCopy, PostCopyFailed];

    private static readonly string[] Paused =
        [Unknown, "user", Migrating, "saving", "dumping", "I/O error", "watchdog", "from snapshot", "shutting down", "creating snapshot", "crashed", "starting up", PostCopy, PostCopyFailed, "API error"];

    private static readonly string[] ShutOff =
        [Unknown, "shutdown", "destroyed", "crashed", Migrated, "saved", "failed", "from snapshot", "daemon"];

    /// <summary>A state that we do not know is <see cref="VmState.Unknown"/>, which nobody may act on.</summary>
    public static (VmState State, string Reason) Of(long state, long reason) => state switch
    {
        1 => (VmState.Running, Word(Running, reason)),
        2 => (VmState.Running, "blocked"),
        3 => (VmState.Paused, Word(Paused, reason)),
        4 => (VmState.Running, "shutting down"),
        5 => (VmState.ShutOff, Word(ShutOff, reason)),
        6 => (VmState.Crashed, reason == 1 ? "panicked" : Unknown),
        7 => (VmState.Paused, "suspended by the guest"),
        _ => (VmState.Unknown, $"state {state}"),
    };

    private static string Word(string[] words, long reason) =>
        reason >= 0 && reason < words.Length ? words[reason] : $"reason {reason}";
}
