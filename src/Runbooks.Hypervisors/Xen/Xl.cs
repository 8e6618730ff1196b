using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Linux;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Xen;

/// <summary>
/// xl on one host: runs programs with it, and turns their failures into faults. What xl says is a reason to tell people;
/// whether something happened is decided by looking at states afterwards.
/// </summary>
internal sealed class Xl(HostName host, IRemoteShell shell)
{
    public async Task<Result<Dictionary<string, string[]>>> ReadAsync(RemoteCommand command, string what, CancellationToken cancellationToken)
    {
        var answer = await shell.RunAsync(command, cancellationToken);
        return !answer.IsOk ? answer.Fault
            : answer.Value.ExitCode != 0 ? Fault(what, answer.Value.Errors, Effect.Reads)
            : Sections.TrySplit(answer.Value.Output, out var parts, out var problem) ? parts
            : BadAnswer(what, problem);
    }

    public async Task<Result<Unit>> ChangeAsync(RemoteCommand command, string what, CancellationToken cancellationToken)
    {
        var answer = await shell.RunAsync(command, cancellationToken);
        return !answer.IsOk ? answer.Fault
            : answer.Value.ExitCode == 0 ? default(Unit)
            : Fault(what, answer.Value.Errors, Effect.Changes);
    }

    /// <summary>What a failure of xl itself means. A change that it gave up may have been made in part; callers look.</summary>
    public HypervisorFault Fault(string what, string errors, Effect effect)
    {
        var said = string.Join(" / ", errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(4));
        var message = $"xl {what}: {(said.Length == 0 ? "it failed without a message." : said)}";
        return Says("xl: not found") || Says("xl: command not found")
            ? new(FaultKind.Unsupported, host, message, "Install the package xen-utils on this host, and boot it with Xen.")
            : Says("cannot init xl context") || Says("Could not obtain handle on privileged command interface") || (Says("xenstore") && effect == Effect.Reads)
                ? new(FaultKind.Unreachable, host, message, "Xen does not run on this host, or its daemons do not: see 'systemctl status xenstored' there.")
                : Says("is an invalid domain identifier") || Says("has no definition here") ? new(FaultKind.NotFound, host, message)
                    : Says("Failed to enable logdirty")
                        ? new(FaultKind.Refused, host, message, "This Xen can't follow what the guest writes: it is built without shadow paging, which paravirtual guests need. Move the VM while it is off, or use another build.")
                        : new(FaultKind.Refused, host, message);

        bool Says(string text) => errors.Contains(text, StringComparison.OrdinalIgnoreCase);
    }

    public HypervisorFault BadAnswer(string what, string problem) =>
        new(FaultKind.BadAnswer, host, $"xl {what}: {problem}.", "Run the command on the host by hand and compare; a newer Xen may answer differently.");
}
