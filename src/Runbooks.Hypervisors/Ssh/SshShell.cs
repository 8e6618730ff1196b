using System.ComponentModel;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Processes;

namespace Runbooks.Hypervisors.Ssh;

/// <summary>Programs on one host through OpenSSH's client. There is no local shell, and the remote one sees quoted words only.</summary>
internal sealed class SshShell(HostName host, string target, SshConnections connections) : IRemoteShell
{
    public async Task<Result<RemoteOutput>> RunAsync(RemoteCommand command, CancellationToken cancellationToken)
    {
        // Messages are judged by their text, so they must be in one language.
        var remote = $"LC_ALL=C {PosixQuoting.Join(command.Words)}";
        ChildResult ended;
        try
        {
            ended = await ChildProcess.RunAsync(
                connections.Command(target, remote), command.Timeout, Descendants.Leave, connections.Time, cancellationToken);
        }
        catch (Win32Exception e)
        {
            return new HypervisorFault(FaultKind.Unreachable, host, $"OpenSSH's client 'ssh' could not be started: {e.Message}", "Install the package openssh-client.");
        }

        if (ended.TimedOut)
        {
            await connections.DropAsync(target);
            return SshFailure.TimedOut(host, target, command);
        }

        if (ended.SaidTooMuch)
        {
            // The other end goes on writing until its connection is gone.
            await connections.DropAsync(target);
            return SshFailure.SaidTooMuch(host, target, command);
        }

        return ended.ExitCode == SshFailure.ExitCode
            ? SshFailure.Classify(host, target, ended.Errors, command.Effect)
            : new RemoteOutput(ended.ExitCode!.Value, ended.Output, ended.Errors);
    }
}
