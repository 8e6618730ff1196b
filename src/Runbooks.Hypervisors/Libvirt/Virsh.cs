using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt;

/// <summary>
/// virsh on one host: runs it, and turns its failures into faults. What virsh says is a reason to tell people, and a
/// hint; whether something happened is decided by looking at states afterwards.
/// </summary>
internal sealed class Virsh(HostName host, IRemoteShell shell)
{
    public const string Connection = "qemu:///system";

    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(15);

    /// <summary>Destroying and starting wait for QEMU; libvirt itself gives up after 30 s for a lock.</summary>
    private static readonly TimeSpan ChangeLimit = TimeSpan.FromSeconds(60);

    /// <summary>Reads; the text of a success includes what virsh wrote to its error output, for reads of several parts.</summary>
    public Task<Result<RemoteOutput>> ReadAsync(string script, CancellationToken cancellationToken) =>
        RunAsync([script], Effect.Reads, ReadLimit, cancellationToken);

    /// <summary>Reads with one command, given in words: for arguments that virsh's own quoting would break.</summary>
    public Task<Result<RemoteOutput>> AskAsync(IReadOnlyList<string> words, CancellationToken cancellationToken) =>
        RunAsync(words, Effect.Reads, ReadLimit, cancellationToken);

    public async Task<Result<Unit>> ChangeAsync(IReadOnlyList<string> words, CancellationToken cancellationToken) =>
        (await RunAsync(words, Effect.Changes, ChangeLimit, cancellationToken)).Map(_ => default(Unit));

    /// <summary>What virsh's own failure means.</summary>
    public static HypervisorFault Fault(HostName host, string what, string errors, Effect effect)
    {
        var said = string.Join(" / ", errors
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(l => l.StartsWith("error: ", StringComparison.Ordinal) ? l["error: ".Length..] : l));
        var message = $"virsh {what}: {(said.Length == 0 ? "it failed without a message." : said)}";

        if (Says(errors, "failed to connect to the hypervisor"))
        {
            return new(FaultKind.Unreachable, host, message, "libvirtd does not answer on this host: see 'systemctl status libvirtd' there.");
        }

        if (Says(errors, "End of file while reading") || Says(errors, "client socket is closed") || Says(errors, "Disconnected from") || Says(errors, "Broken pipe"))
        {
            return effect == Effect.Reads
                ? new(FaultKind.Unreachable, host, message, "libvirtd ended while it answered; it is asked again.")
                : new(FaultKind.UnknownOutcome, host, message, "libvirtd ended while it worked. Observe the VM before anything is repeated.");
        }

        return Says(errors, "failed to get domain") || Says(errors, "Domain not found") ? new(FaultKind.NotFound, host, message)
            : Says(errors, "command not found") || Says(errors, "virsh: not found") ? new(FaultKind.Unsupported, host, message, "Install the package libvirt-clients on this host.")
            : Says(errors, "peration not supported") || Says(errors, "is not supported") ? new(FaultKind.Unsupported, host, message)
            : new(FaultKind.Refused, host, message);
    }

    public static HypervisorFault BadAnswer(HostName host, string what, string problem) =>
        new(FaultKind.BadAnswer, host, $"virsh {what}: {problem}.", "Run the command on the host by hand and compare; a newer libvirt may answer differently.");

    private async Task<Result<RemoteOutput>> RunAsync(IReadOnlyList<string> words, Effect effect, TimeSpan limit, CancellationToken cancellationToken)
    {
        var answer = await shell.RunAsync(new RemoteCommand(["virsh", "-c", Connection, .. words], effect, limit), cancellationToken);
        if (!answer.IsOk || answer.Value.ExitCode == 0)
        {
            return answer;
        }

        return Fault(host, words.Count == 1 ? "could not read" : string.Join(' ', words), answer.Value.Errors, effect);
    }

    private static bool Says(string errors, string text) => errors.Contains(text, StringComparison.Ordinal);
}
