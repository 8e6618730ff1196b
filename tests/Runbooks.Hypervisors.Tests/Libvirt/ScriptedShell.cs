using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Tests.Libvirt;

/// <summary>Answers each remote command from a function, and remembers the commands.</summary>
internal sealed class ScriptedShell(Func<RemoteCommand, Result<RemoteOutput>> answer) : IRemoteShell
{
    public List<RemoteCommand> Asked { get; } = [];

    public Task<Result<RemoteOutput>> RunAsync(RemoteCommand command, CancellationToken cancellationToken)
    {
        Asked.Add(command);
        return Task.FromResult(answer(command));
    }
}
