using System.Globalization;
using System.Xml.Linq;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Answers;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt.Checks;

/// <summary>What libvirt, the file system and ssh of a host say before a migration.</summary>
internal sealed class LibvirtMoveChecks(HostName host, IRemoteShell shell, Virsh virsh, Func<HostName, string?> migrationUri) : IMoveChecks
{
    /// <summary>The least time between two samples of a counter that makes a rate, s; the host's clock counts in hundredths.</summary>
    private const double ShortestSample = 0.05;

    private const double MiB = 1024 * 1024;

    private readonly SharedLook<HostName, Result<PeerWay>> ways = new();

    public async Task<Result<VmNeeds>> ReadNeedsAsync(VmName vm, CancellationToken cancellationToken)
    {
        var domain = await virsh.ReadDomainAsync(vm, cancellationToken);
        if (!domain.IsOk)
        {
            return domain.Fault;
        }

        var hostCpu = CpuNeed.IsOfTheHost(domain.Value) ? await ReadHostCpuAsync(cancellationToken) : null;
        var paths = DomainXml.Disks(domain.Value);
        var disks = paths.Count == 0 ? Array.Empty<VmDisk>() : await SeeAsync(paths, cancellationToken);
        return disks.IsOk ? new VmNeeds(CpuNeed.Of(domain.Value, hostCpu)?.ToString(), disks.Value) : disks.Fault;
    }

    public async Task<Result<HostOffer>> ReadOfferAsync(VmNeeds needs, HostName source, CancellationToken cancellationToken)
    {
        var from = migrationUri(source) is { } uri && PeerSsh.Command(uri) is { } way ? way.Host : source.Value;
        var cpu = CpuNeed.TryParse(needs.Cpu, out var need) ? need : null;
        var parts = await AskAsync(CheckScripts.Offer(from, cpu, needs.Disks.Select(d => d.Path)), "hypervisor-cpu-compare, stat", cancellationToken);
        if (!parts.IsOk)
        {
            return parts.Fault;
        }

        var (fit, words) = CpuNeed.Judge(parts.Value["cpu"]);
        return Sights([.. needs.Disks.Select(d => d.Path)], parts.Value["disks"]) is { } disks
            ? new HostOffer(fit, words, disks, Link(parts.Value))
            : Virsh.BadAnswer(host, "stat", "it did not answer for each disk");
    }

    public Task<Result<PeerWay>> TryPeerAsync(HostName destination, CancellationToken cancellationToken) =>
        ways.AskAsync(destination, () => TryWayAsync(destination), cancellationToken);

    private async Task<Result<PeerWay>> TryWayAsync(HostName destination)
    {
        if (migrationUri(destination) is not { } uri || PeerSsh.Command(uri) is not { } way)
        {
            return new PeerWay(PeerTrust.NotTried, $"Migrations to {destination} do not go by SSH.", null, null);
        }

        var parts = await AskAsync(CheckScripts.Peer(way.Host, way.Words), "ssh", CancellationToken.None);
        return parts.IsOk ? PeerSsh.Judge(host, destination, way.Host, parts.Value["ssh"], Link(parts.Value)) : parts.Fault;
    }

    private async Task<XElement?> ReadHostCpuAsync(CancellationToken cancellationToken)
    {
        var answer = await virsh.AskAsync(["capabilities"], cancellationToken);
        return answer.IsOk && SafeXml.TryRead(answer.Value.Output, out var capabilities, out _) ? capabilities.Element("host")?.Element("cpu") : null;
    }

    private async Task<Result<VmDisk[]>> SeeAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        // No path that a shell could carry has a line break; libvirt allows one, and then nothing can be said of it.
        if (paths.Any(p => p.AsSpan().IndexOfAny('\n', '\r', '\0') >= 0))
        {
            return Virsh.BadAnswer(host, "dumpxml", "the path of a disk has a line break in it");
        }

        var answer = await shell.RunAsync(CheckScripts.Files(paths), cancellationToken);
        return !answer.IsOk ? answer.Fault
            : Sights(paths, answer.Value.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)) is { } seen ? seen
            : Virsh.BadAnswer(host, "stat", "it did not answer for each disk");
    }

    private async Task<Result<Dictionary<string, string[]>>> AskAsync(RemoteCommand command, string what, CancellationToken cancellationToken)
    {
        var answer = await shell.RunAsync(command, cancellationToken);
        return !answer.IsOk ? answer.Fault
            : Sections.TrySplit(answer.Value.Output, out var parts, out var problem) ? parts
            : Virsh.BadAnswer(host, what, problem);
    }

    private static VmDisk[]? Sights(IReadOnlyList<string> paths, string[] lines) =>
        lines.Length != paths.Count ? null : [.. paths.Zip(lines, (path, line) => new VmDisk(path, Sight(line)))];

    private static FileSight? Sight(string line) =>
        line.Split(' ') is [var inode, var bytes]
        && long.TryParse(inode, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && long.TryParse(bytes, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            ? new FileSight(number, size)
            : null;

    /// <summary>Null when there is no link, or it was looked at for too short a time.</summary>
    private static HostLink? Link(Dictionary<string, string[]> parts)
    {
        if (parts["link"] is not [var head, var before, ..] || parts["after"] is not [var after, ..] || head.Split(' ') is not [var name, var speed])
        {
            return null;
        }

        var (first, second) = (Numbers(before), Numbers(after));
        if (first is not [var t0, var sent0, var received0] || second is not [var t1, var sent1, var received1] || t1 - t0 < ShortestSample)
        {
            return null;
        }

        var megabits = Numbers(speed) is [> 0 and var known] ? known : (double?)null;
        return new HostLink(name, megabits * 1_000_000 / 8 / MiB, (sent1 - sent0) / (t1 - t0) / MiB, (received1 - received0) / (t1 - t0) / MiB);
    }

    private static double[] Numbers(string line) =>
        [.. line.Split(' ').Select(w => double.TryParse(w, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN)];
}
