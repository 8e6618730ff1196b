using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Ssh;

/// <summary>Whether a lost answer leaves a doubt about the host's state.</summary>
internal enum Effect
{
    Reads,
    Changes,
}

/// <summary>A program with its arguments, to be run on a host.</summary>
/// <param name="Words">The program and its arguments.</param>
/// <param name="Effect">Whether it changes anything.</param>
/// <param name="Timeout">How long to wait for its end.</param>
internal sealed record RemoteCommand(IReadOnlyList<string> Words, Effect Effect, TimeSpan Timeout);

/// <summary>How a remote program ended, as it said itself.</summary>
internal sealed record RemoteOutput(int ExitCode, string Output, string Errors);

/// <summary>Runs programs on one host; a boundary, so that drivers can be tested without one.</summary>
internal interface IRemoteShell
{
    /// <summary>A fault only if the way to the host failed; what the program itself says is in the output.</summary>
    Task<Result<RemoteOutput>> RunAsync(RemoteCommand command, CancellationToken cancellationToken);
}
