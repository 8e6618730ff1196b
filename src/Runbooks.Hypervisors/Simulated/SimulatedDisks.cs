using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>The files of VMs on one host of a <see cref="SimulatedFleet"/>.</summary>
internal sealed class SimulatedDisks(SimulatedHypervisor hypervisor, SimulatedFleet fleet) : IVmDisks
{
    private const int MiB = 1_048_576;
    private const long Free = 1L << 42;

    public IReadOnlyList<string> Formats => fleet.Locked(w => w.Host(hypervisor.Host).Kind) == HypervisorKind.Xen
        ? [ConvertibleDisk.Raw]
        : [ConvertibleDisk.Raw, ConvertibleDisk.Qcow2];

    public Task<Result<DiskSight>> LookAsync(IReadOnlyList<string> paths, bool withChecksums, CancellationToken cancellationToken) =>
        hypervisor.AskAsync<DiskSight>(
            SimulatedOperation.LookAtFiles,
            null,
            (world, on) => new DiskSight(true, [.. paths.Select(p => new FilePlace(p, WorldFiles.Find(world, on.Name, p) is { } file ? See(file, withChecksums) : null, false, Free))]),
            cancellationToken);

    public Task<Result<PeerWay>> TryWayAsync(HostName destination, CancellationToken cancellationToken) =>
        hypervisor.MoveChecks.TryPeerAsync(destination, cancellationToken);

    public Task<Result<Unit>> MarkFolderAsync(string path, string id, bool isMarked, CancellationToken cancellationToken) =>
        hypervisor.AskAsync(SimulatedOperation.MarkFolder, null, (world, on) => Mark(world, on, path, id, isMarked), cancellationToken);

    public Task<Result<bool>> SeesMarkAsync(string path, string id, CancellationToken cancellationToken) =>
        hypervisor.AskAsync<bool>(SimulatedOperation.LookAtFiles, null, (world, on) => WorldFiles.Find(world, on.Name, MarkOf(path, id)) is not null, cancellationToken);

    public Task<Result<Unit>> StartCopyAsync(FileCopy copy, CancellationToken cancellationToken) =>
        hypervisor.AskAsync(SimulatedOperation.StartCopy, null, (world, on) => Start(world, on, copy), cancellationToken);

    public Task<Result<CopyWork>> ObserveCopyAsync(FileCopy copy, CancellationToken cancellationToken) =>
        hypervisor.AskAsync<CopyWork>(
            SimulatedOperation.ObserveCopy, null, (world, on) => Find(world, on, copy) is { } work ? new CopyWork(work.Problem is null, work.Problem) : new CopyWork(false, null), cancellationToken);

    public Task<Result<Unit>> EndCopyAsync(FileCopy copy, bool forGood, CancellationToken cancellationToken) =>
        hypervisor.AskAsync(SimulatedOperation.EndCopy, null, (world, on) => End(world, on, copy, forGood), cancellationToken);

    public Task<Result<FileArrival>> LookForCopyAsync(FileCopy copy, CancellationToken cancellationToken) =>
        hypervisor.AskAsync<FileArrival>(SimulatedOperation.LookForCopy, null, (world, on) => Look(world, on, copy), cancellationToken);

    public Task<Result<Unit>> RemoveCopyAsync(FileCopy copy, CancellationToken cancellationToken) =>
        hypervisor.AskAsync<Unit>(
            SimulatedOperation.RemoveCopy,
            null,
            (world, on) =>
            {
                world.Files.RemoveAll(f => f.Host == on.Name && f.Path == copy.Target && f.Mark == copy.Id);
                return default(Unit);
            },
            cancellationToken);

    public Task<Result<Unit>> KeepCopyAsync(FileCopy copy, CancellationToken cancellationToken) =>
        hypervisor.AskAsync<Unit>(
            SimulatedOperation.KeepCopy,
            null,
            (world, on) =>
            {
                foreach (var file in world.Files.Where(f => f.Host == on.Name && f.Path == copy.Target && f.Mark == copy.Id))
                {
                    file.Mark = null;
                }

                return default(Unit);
            },
            cancellationToken);

    public Task<Result<Unit>> DeleteAsync(string path, string identity, CancellationToken cancellationToken) =>
        hypervisor.AskAsync(SimulatedOperation.DeleteFile, null, (world, on) => Delete(world, on, path, identity), cancellationToken);

    private static HostFile See(FileState file, bool withChecksum) =>
        new(file.Bytes, file.Identity, withChecksum ? $"{file.Content}:{file.Boots}" : null, new DiskImage(file.Format, file.Bytes, null, 0));

    private static string MarkOf(string path, string id) => $"{path[..path.LastIndexOf('/')]}/.runbooks-{id}-mark";

    private static CopyState? Find(WorldState world, HostState on, FileCopy copy) => world.Copies.Find(c => c.Source == on.Name && c.Copy.Id == copy.Id);

    /// <summary>A folder that holds a shared file is the same on all hosts.</summary>
    private static Result<Unit> Mark(WorldState world, HostState on, string path, string id, bool isMarked)
    {
        var mark = MarkOf(path, id);
        var host = WorldFiles.Find(world, on.Name, path)?.Host;
        world.Files.RemoveAll(f => f.Path == mark && f.Host == host);
        if (isMarked)
        {
            world.Files.Add(new FileState { Host = host, Path = mark, Format = ConvertibleDisk.Raw, Content = id });
        }

        return default(Unit);
    }

    private static Result<Unit> Start(WorldState world, HostState on, FileCopy copy)
    {
        if (Find(world, on, copy) is { Problem: null })
        {
            return default(Unit);
        }

        if (world.EndedCopies.Contains(copy.Id, StringComparer.Ordinal))
        {
            return new HypervisorFault(FaultKind.Refused, on.Name, $"The copy of {copy.Path} was ended for good ({copy.Id}).");
        }

        world.Copies.RemoveAll(c => c.Copy.Id == copy.Id);
        if (WorldFiles.Find(world, copy.Destination, copy.Target) is { } there && there.Mark == copy.Id)
        {
            return default(Unit);
        }

        var bytes = WorldFiles.Find(world, on.Name, copy.Path)?.Bytes ?? 0;
        world.Copies.Add(new CopyState { Copy = copy, Source = on.Name, StartedAt = world.Now, EndsAt = world.Now + TimeSpan.FromSeconds(bytes / (world.Settings.LinkMiBs * MiB)) });
        return default(Unit);
    }

    private static Result<Unit> End(WorldState world, HostState on, FileCopy copy, bool forGood)
    {
        world.Copies.RemoveAll(c => c.Source == on.Name && c.Copy.Id == copy.Id);
        if (forGood && !world.EndedCopies.Contains(copy.Id, StringComparer.Ordinal))
        {
            world.EndedCopies.Add(copy.Id);
        }

        return default(Unit);
    }

    private static FileArrival Look(WorldState world, HostState on, FileCopy copy) =>
        WorldFiles.Find(world, on.Name, copy.Target) is { } file ? new FileArrival(file.Mark == copy.Id ? ArrivedCopy.Whole : ArrivedCopy.OtherFile, file.Bytes)
        : world.Copies.Find(c => c.Copy.Id == copy.Id && c.Copy.Destination == on.Name) is { } work ? new FileArrival(ArrivedCopy.Part, (long)((world.Now - work.StartedAt).TotalSeconds * world.Settings.LinkMiBs * MiB))
        : new FileArrival(ArrivedCopy.None, 0);

    private static Result<Unit> Delete(WorldState world, HostState on, string path, string identity)
    {
        if (WorldFiles.Find(world, on.Name, path) is not { } file)
        {
            return default(Unit);
        }

        if (file.Identity != identity)
        {
            return new HypervisorFault(FaultKind.Refused, on.Name, $"{path}: it has been changed since it was looked at");
        }

        world.Files.Remove(file);
        return default(Unit);
    }
}
