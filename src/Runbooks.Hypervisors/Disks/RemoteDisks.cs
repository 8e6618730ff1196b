using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Linux.Checks;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Disks;

/// <summary>The files of VMs on a Linux host that is reached by SSH, whatever its hypervisor. It sends them to others by its own ssh.</summary>
/// <param name="host">The host.</param>
/// <param name="formats">Formats of images that its VMs can use.</param>
/// <param name="shell">Runs programs on it.</param>
/// <param name="ways">The ssh by which this host reaches others.</param>
internal sealed class RemoteDisks(HostName host, IReadOnlyList<string> formats, IRemoteShell shell, PeerWays ways) : IVmDisks
{
    /// <summary>A connection between two busy hosts takes seconds, and a conversion has the time.</summary>
    private static readonly TimeSpan WayLimit = TimeSpan.FromSeconds(45);

    public IReadOnlyList<string> Formats => formats;

    public async Task<Result<DiskSight>> LookAsync(IReadOnlyList<string> paths, bool withChecksums, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(paths);
        if (paths.FirstOrDefault(p => WhyNot(p) is not null) is { } wrong)
        {
            return Fault(FaultKind.Refused, WhyNot(wrong)!);
        }

        var answer = await shell.RunAsync(DiskScripts.Look(paths, withChecksums), cancellationToken);
        return !answer.IsOk ? answer.Fault
            : answer.Value.ExitCode == 0 && DiskAnswers.TryRead(paths, answer.Value.Output, out var sight) ? sight
            : Fault(FaultKind.BadAnswer, $"Its files can't be looked at: {Said(answer.Value)}");
    }

    public Task<Result<PeerWay>> TryWayAsync(HostName destination, CancellationToken cancellationToken) => ways.Find(destination) is null
        ? Task.FromResult<Result<PeerWay>>(NoWay(destination))
        : ways.TryAsync(destination, WayLimit, cancellationToken);

    public async Task<Result<Unit>> MarkFolderAsync(string path, string id, bool isMarked, CancellationToken cancellationToken) =>
        (await ChangeAsync(DiskScripts.SetMark(path, id, isMarked), $"the folder of {path}", cancellationToken)).Map(_ => default(Unit));

    public async Task<Result<bool>> SeesMarkAsync(string path, string id, CancellationToken cancellationToken) =>
        (await ReadAsync(DiskScripts.SeeMark(path, id), $"the folder of {path}", cancellationToken)).Map(said => said == "yes");

    public async Task<Result<Unit>> StartCopyAsync(FileCopy copy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(copy);
        if ((WhyNot(copy.Path) ?? WhyNot(copy.Target)) is { } wrong)
        {
            return Fault(FaultKind.Refused, wrong);
        }

        if (ways.Find(copy.Destination) is not { } way)
        {
            return NoWay(copy.Destination);
        }

        var answer = await ChangeAsync(DiskScripts.Start(copy, way.Words, Guid.NewGuid().ToString("n")[..8]), $"the copy of {copy.Path}", cancellationToken);
        return !answer.IsOk ? answer.Fault
            : answer.Value is "started" or "busy" ? default(Unit)
            : answer.Value == "over" ? Fault(FaultKind.Refused, $"The copy of {copy.Path} was ended for good ({copy.Id}); a run that was undone does not copy again.")
            : Fault(FaultKind.UnknownOutcome, $"The copy of {copy.Path} was to be started, and this came back: {answer.Value}");
    }

    public async Task<Result<CopyWork>> ObserveCopyAsync(FileCopy copy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(copy);
        var answer = await ReadAsync(DiskScripts.Observe(copy), $"the copy of {copy.Path}", cancellationToken);
        if (!answer.IsOk)
        {
            return answer.Fault;
        }

        var (first, rest) = DiskAnswers.FirstLine(answer.Value);
        return first switch
        {
            "running" => new CopyWork(true, null),
            "none" or "ended 0" => new CopyWork(false, null),
            _ when first.StartsWith("ended ", StringComparison.Ordinal) => new CopyWork(false, rest.Length > 0 ? rest : $"it ended with {first["ended ".Length..]}"),
            _ => Fault(FaultKind.BadAnswer, $"The copy of {copy.Path} can't be seen: {answer.Value}"),
        };
    }

    public async Task<Result<Unit>> EndCopyAsync(FileCopy copy, bool forGood, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(copy);
        return (await ChangeAsync(DiskScripts.End(copy, forGood), $"the copy of {copy.Path}", cancellationToken)).Map(_ => default(Unit));
    }

    public async Task<Result<FileArrival>> LookForCopyAsync(FileCopy copy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(copy);
        var answer = await ReadAsync(DiskScripts.Sight(copy), copy.Target, cancellationToken);
        return !answer.IsOk ? answer.Fault
            : DiskAnswers.TryReadSight(answer.Value, out var sight) ? sight
            : Fault(FaultKind.BadAnswer, $"What lies at {copy.Target} can't be seen: {answer.Value}");
    }

    public async Task<Result<Unit>> RemoveCopyAsync(FileCopy copy, CancellationToken cancellationToken) =>
        (await ChangeAsync(DiskScripts.Remove(copy), copy.Target, cancellationToken)).Map(_ => default(Unit));

    public async Task<Result<Unit>> KeepCopyAsync(FileCopy copy, CancellationToken cancellationToken) =>
        (await ChangeAsync(DiskScripts.Keep(copy), copy.Target, cancellationToken)).Map(_ => default(Unit));

    public async Task<Result<Unit>> DeleteAsync(string path, string identity, CancellationToken cancellationToken) =>
        (await ChangeAsync(DiskScripts.Delete(path, identity), path, cancellationToken)).Map(_ => default(Unit));

    /// <summary>A script that fails has said why, and what it has done is seen by looking; only a lost answer leaves it open.</summary>
    private async Task<Result<string>> ChangeAsync(RemoteCommand command, string what, CancellationToken cancellationToken)
    {
        var answer = await shell.RunAsync(command, cancellationToken);
        return !answer.IsOk ? answer.Fault
            : answer.Value.ExitCode == 0 ? answer.Value.Output.Trim()
            : Fault(answer.Value.ExitCode == 24 ? FaultKind.Refused : FaultKind.UnknownOutcome, $"{what}: {Said(answer.Value)}");
    }

    private async Task<Result<string>> ReadAsync(RemoteCommand command, string what, CancellationToken cancellationToken)
    {
        var answer = await shell.RunAsync(command, cancellationToken);
        return !answer.IsOk ? answer.Fault
            : answer.Value.ExitCode == 0 ? answer.Value.Output.Trim()
            : Fault(FaultKind.BadAnswer, $"{what}: {Said(answer.Value)}");
    }

    /// <summary>Null for a path that a command line carries.</summary>
    private static string? WhyNot(string path) =>
        !path.StartsWith('/') ? $"'{path}' is no absolute path."
        : path.Any(char.IsControl) ? $"The path '{path.Replace('\n', ' ')}' has a control character in it."
        : null;

    private static string Said(RemoteOutput output) =>
        $"{output.Errors} {output.Output}".Trim() is { Length: > 0 } said ? said : $"it ended with {output.ExitCode}.";

    private HypervisorFault NoWay(HostName destination) =>
        Fault(FaultKind.Unsupported, $"Files are sent by ssh from {host} to {destination}, and no ssh address of {destination} is known.", "Give it a 'migrationUri' of the form qemu+ssh://…, or a 'migrationHost'.");

    private HypervisorFault Fault(FaultKind kind, string message, string? advice = null) => new(kind, host, message, advice);
}
