using System.Text.RegularExpressions;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Processes;

namespace Runbooks.Hypervisors.Ssh;

/// <summary>What it means when OpenSSH's client itself fails (exit code 255) or does not come back in time.</summary>
/// <remarks>
/// The question that matters: can the request have reached the host? Only messages that ssh writes before it sends
/// anything count as "no". Everything else leaves a changing request in doubt.
/// </remarks>
internal static partial class SshFailure
{
    /// <summary>The exit code of ssh for its own failures.</summary>
    public const int ExitCode = 255;

    public static HypervisorFault Classify(HostName host, string target, string errors, Effect effect)
    {
        var said = LastWords(errors);
        if (errors.Contains("HOST IDENTIFICATION HAS CHANGED", StringComparison.Ordinal))
        {
            return new(
                FaultKind.HostKeyRejected,
                host,
                $"The SSH host key of '{target}' is not the one in known_hosts; nothing was sent.",
                "Either the host was installed anew or somebody is in between. Compare the fingerprint on the host's own console "
                + $"(ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub); if it is right, remove the old key (ssh-keygen -R {target}) and enrol the new one.");
        }

        if (errors.Contains("Host key verification failed", StringComparison.Ordinal))
        {
            return new(
                FaultKind.HostKeyRejected,
                host,
                $"The SSH host key of '{target}' is not in known_hosts; nothing was sent.",
                $"Get the key with ssh-keyscan {target}, compare its fingerprint on the host's own console "
                + "(ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), and add it to the known_hosts file that the ssh configuration names.");
        }

        if (errors.Contains("Permission denied", StringComparison.Ordinal))
        {
            return new(FaultKind.Unreachable, host, $"The host did not accept our SSH key: {said}", "Add the fleet's public key to the host's authorized_keys.");
        }

        return effect == Effect.Reads || NothingWasSent().IsMatch(errors)
            ? new(FaultKind.Unreachable, host, $"No SSH connection to '{target}': {said}", "See that the host is on and its network and sshd work.")
            : new(FaultKind.UnknownOutcome, host, $"The SSH connection to '{target}' was lost while a request was under way: {said}", "Observe the host before anything is repeated.");
    }

    public static HypervisorFault TimedOut(HostName host, string target, RemoteCommand command) =>
        command.Effect == Effect.Reads
            ? new(FaultKind.Unreachable, host, $"'{target}' did not answer '{command.Words[0]}' within {command.Timeout.TotalSeconds:0} s.", "See that the host is on and its network, sshd and libvirtd work.")
            : new(FaultKind.UnknownOutcome, host, $"'{target}' did not finish '{command.Words[0]}' within {command.Timeout.TotalSeconds:0} s.", "Observe the host before anything is repeated.");

    /// <summary>An answer without end says nothing, whatever it begins with.</summary>
    public static HypervisorFault SaidTooMuch(HostName host, string target, RemoteCommand command) => new(
        command.Effect == Effect.Reads ? FaultKind.BadAnswer : FaultKind.UnknownOutcome,
        host,
        $"'{target}' answered '{command.Words[0]}' with more than {ChildProcess.MostCharacters / 1024 / 1024} Mi characters; it was not listened to any longer.",
        $"Run '{command.Words[0]}' on the host by hand: it is not what it should be.");

    private static string LastWords(string errors)
    {
        var lines = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length == 0 ? "it ended without a message, or the program on the host was killed." : string.Join(" / ", lines.TakeLast(3));
    }

    [GeneratedRegex(
        @"^ssh: connect to host |^ssh: Could not resolve hostname |kex_exchange_identification|[Bb]anner exchange|UNKNOWN port 65535|proxy dialer did not pass back|Can't open user config|Bad configuration option|: terminating, \d+ bad configuration",
        RegexOptions.Multiline | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex NothingWasSent();
}
