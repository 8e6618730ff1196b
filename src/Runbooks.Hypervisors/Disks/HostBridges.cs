using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Disks;

/// <summary>Which bridges of a VM a Linux host does not have.</summary>
internal static class HostBridges
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    public static async Task<Result<IReadOnlyList<string>>> FindMissingAsync(HostName host, IRemoteShell shell, ConvertibleVm vm, CancellationToken cancellationToken)
    {
        string[] bridges = [.. vm.Cards.Select(c => c.Bridge).Distinct(StringComparer.Ordinal)];
        if (bridges.Length == 0)
        {
            return bridges;
        }

        // A name that the kernel would not take, with a slash say, is no bridge of any host.
        string[] words = ["sh", "-c", "for b; do case $b in */*|.|..) echo \"- $b\";; *) [ -e \"/sys/class/net/$b\" ] && echo \"+ $b\" || echo \"- $b\";; esac; done", "sh", .. bridges];
        var answer = await shell.RunAsync(new RemoteCommand(words, Effect.Reads, Limit), cancellationToken);
        if (!answer.IsOk)
        {
            return answer.Fault;
        }

        var lines = answer.Value.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return answer.Value.ExitCode == 0 && lines.Length == bridges.Length
            ? lines.Where(l => l.StartsWith('-')).Select(l => l[2..]).ToArray()
            : new HypervisorFault(FaultKind.BadAnswer, host, $"The bridges of this host can't be read: {answer.Value.Output} {answer.Value.Errors}".Trim());
    }
}
