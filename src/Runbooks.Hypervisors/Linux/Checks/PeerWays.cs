using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Linux.Checks;

/// <summary>The SSH connections that a host opens to others, tried as a migration or a copy would make them.</summary>
/// <param name="host">The host that connects.</param>
/// <param name="shell">Runs programs on it.</param>
/// <param name="find">The ssh by which it reaches another; null for one that it does not reach by ssh.</param>
internal sealed class PeerWays(HostName host, IRemoteShell shell, Func<HostName, SshWay?> find)
{
    private readonly SharedLook<(HostName Destination, TimeSpan Limit), Result<PeerWay>> looks = new();

    public SshWay? Find(HostName destination) => find(destination);

    /// <summary>Who asks at the same moment gets one answer.</summary>
    public Task<Result<PeerWay>> TryAsync(HostName destination, TimeSpan limit, CancellationToken cancellationToken) =>
        looks.AskAsync((destination, limit), () => TryAsync(destination, limit), cancellationToken);

    private async Task<Result<PeerWay>> TryAsync(HostName destination, TimeSpan limit)
    {
        if (find(destination) is not { } way)
        {
            return new PeerWay(PeerTrust.NotTried, $"{host} does not reach {destination} by SSH.", null, null);
        }

        var answer = await shell.RunAsync(CheckScripts.Peer(way.Host, [.. way.Words, "true"]) with { Timeout = limit }, CancellationToken.None);
        return !answer.IsOk ? answer.Fault
            : Sections.TrySplit(answer.Value.Output, out var parts, out var problem, "link", "ssh", "after") ? PeerSsh.Judge(host, destination, way.Host, parts["ssh"], LinkSample.Read(parts["link"], parts["after"]))
            : new HypervisorFault(FaultKind.BadAnswer, host, $"The way to {destination} can't be tried: {problem}.");
    }
}
