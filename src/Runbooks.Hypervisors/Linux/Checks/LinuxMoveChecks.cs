using System.Globalization;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Linux.Checks;

/// <summary>What the file system and ssh of a Linux host say before a migration, and what its hypervisor says about CPUs.</summary>
internal abstract class LinuxMoveChecks(HostName host, IRemoteShell shell, PeerWays ways) : IMoveChecks
{
    /// <summary>ssh itself gives a connection up after five to ten seconds; a busy host then still has to log in.</summary>
    private static readonly TimeSpan WayLimit = TimeSpan.FromSeconds(20);

    public async Task<Result<VmNeeds>> ReadNeedsAsync(VmName vm, CancellationToken cancellationToken)
    {
        var wants = await ReadVmAsync(vm, cancellationToken);
        if (!wants.IsOk)
        {
            return wants.Fault;
        }

        var disks = wants.Value.Disks.Count == 0 ? Array.Empty<VmDisk>() : await SeeAsync(wants.Value.Disks, cancellationToken);
        return disks.IsOk ? new VmNeeds(wants.Value.Cpu, disks.Value) : disks.Fault;
    }

    public async Task<Result<HostOffer>> ReadOfferAsync(VmNeeds needs, HostName source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(needs);
        string[] paths = [.. needs.Disks.Select(d => d.Path)];
        var command = CheckScripts.Offer(ways.Find(source)?.Host ?? source.Value, AskForCpu(needs.Cpu), paths);
        var answer = await shell.RunAsync(command, cancellationToken);
        if (!answer.IsOk)
        {
            return answer.Fault;
        }

        if (!Sections.TrySplit(answer.Value.Output, out var parts, out var problem, "link", "cpu", "disks", "after"))
        {
            return BadAnswer(problem);
        }

        var (fit, words) = JudgeCpu(needs.Cpu, parts["cpu"]);
        return Sights(paths, parts["disks"]) is { } disks
            ? new HostOffer(fit, words, disks, LinkSample.Read(parts["link"], parts["after"]))
            : BadAnswer("stat did not answer for each disk");
    }

    public Task<Result<PeerWay>> TryPeerAsync(HostName destination, CancellationToken cancellationToken) =>
        ways.TryAsync(destination, WayLimit, cancellationToken);

    /// <summary>The CPU that a VM needs, in the hypervisor's own words, and the paths of its disks.</summary>
    protected abstract Task<Result<(string? Cpu, IReadOnlyList<string> Disks)>> ReadVmAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>The body of a shell function that asks this host about its CPU, and the function's words.</summary>
    /// <param name="cpu">What another host said that a VM needs; it may be of another hypervisor.</param>
    protected abstract (string Script, IReadOnlyList<string> Words) AskForCpu(string? cpu);

    /// <summary>What that function's answer means, and that in words.</summary>
    protected abstract (CpuFit Fit, string Words) JudgeCpu(string? cpu, IReadOnlyList<string> lines);

    private async Task<Result<VmDisk[]>> SeeAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        // No path that a shell could carry has a line break; a hypervisor may allow one, and then nothing can be said of it.
        if (paths.Any(p => p.AsSpan().IndexOfAny('\n', '\r', '\0') >= 0))
        {
            return BadAnswer("the path of a disk has a line break in it");
        }

        var answer = await shell.RunAsync(CheckScripts.Files(paths), cancellationToken);
        return !answer.IsOk ? answer.Fault
            : Sights(paths, answer.Value.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)) is { } seen ? seen
            : BadAnswer("stat did not answer for each disk");
    }

    private HypervisorFault BadAnswer(string problem) =>
        new(FaultKind.BadAnswer, host, $"The look at this host before a migration: {problem}.", "See there by hand whether sh, stat and ip work as usual.");

    private static VmDisk[]? Sights(IReadOnlyList<string> paths, string[] lines) =>
        lines.Length != paths.Count ? null : [.. paths.Zip(lines, (path, line) => new VmDisk(path, Sight(line)))];

    private static FileSight? Sight(string line) =>
        line.Split(' ') is [var inode, var bytes]
        && long.TryParse(inode, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && long.TryParse(bytes, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            ? new FileSight(number, size)
            : null;
}
