using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Contract;

/// <summary>A file of a host that a VM is made of.</summary>
/// <param name="Bytes">Its size.</param>
/// <param name="Identity">Tells it from another file, and from itself after a change. The same on two hosts that see the same file.</param>
/// <param name="Sha256">Its checksum; null when it was not asked for.</param>
/// <param name="Image">What the image says of itself; null when that can't be read.</param>
public sealed record HostFile(long Bytes, string Identity, string? Sha256, DiskImage? Image);

/// <summary>What the image of a disk says of itself.</summary>
/// <param name="Format"><c>raw</c>, <c>qcow2</c> or another.</param>
/// <param name="VirtualBytes">The size of the disk that the guest sees.</param>
/// <param name="Backing">The file that holds what this one leaves out; null when it holds everything.</param>
/// <param name="Snapshots">Snapshots within it.</param>
public sealed record DiskImage(string Format, long VirtualBytes, string? Backing, int Snapshots);

/// <summary>A place in a host's file system.</summary>
/// <param name="Path">Its path.</param>
/// <param name="File">The file there; null when there is none.</param>
/// <param name="IsTaken">Something is there that is not a plain file.</param>
/// <param name="FreeBytes">Free in the file system that it is in, or would be.</param>
public sealed record FilePlace(string Path, HostFile? File, bool IsTaken, long FreeBytes);

/// <summary>What a host was seen to have.</summary>
/// <param name="CanConvert">It has the tool that converts images.</param>
/// <param name="Places">The places that were asked for, in their order.</param>
public sealed record DiskSight(bool CanConvert, IReadOnlyList<FilePlace> Places);

/// <summary>A file that is brought from one host to another.</summary>
/// <param name="Id">Who brings it: letters, digits, '-'. What has this id on it is that one's to remove.</param>
/// <param name="Path">The file at its source.</param>
/// <param name="Destination">The host that it goes to.</param>
/// <param name="Target">Its path there.</param>
public sealed record FileCopy(string Id, string Path, HostName Destination, string Target)
{
    /// <summary>The format of the image, <c>raw</c> or <c>qcow2</c>; <c>raw</c> too for what is no disk.</summary>
    public string Format { get; init; } = "raw";

    /// <summary>The format that it has at its destination.</summary>
    public string TargetFormat { get; init; } = "raw";

    /// <summary>How long it may take.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromHours(12);
}

/// <summary>What the source of a copy knows of it.</summary>
/// <param name="IsRunning">It is under way.</param>
/// <param name="Problem">Why the last one has failed; null when none has.</param>
public sealed record CopyWork(bool IsRunning, string? Problem);

/// <summary>What has arrived of a copy.</summary>
public enum ArrivedCopy
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Some of it, under a name of its own.</summary>
    Part,

    /// <summary>All of it, at its place.</summary>
    Whole,

    /// <summary>Something else is at its place.</summary>
    OtherFile,
}

/// <summary>How far a copy has arrived.</summary>
/// <param name="State">What is there.</param>
/// <param name="Bytes">How much of it.</param>
public sealed record FileArrival(ArrivedCopy State, long Bytes);

/// <summary>The files of VMs on one host. Requests may be repeated.</summary>
/// <remarks>
/// A copy belongs to its source: it goes on when we die, and is found again by its id. At its destination it has a name of its
/// own until it is whole and checked; then it gets its place, and keeps the other name too until <see cref="KeepCopyAsync"/>:
/// by that it is known who has brought it.
/// </remarks>
public interface IVmDisks
{
    /// <summary>Formats of images that the VMs of this host can use.</summary>
    IReadOnlyList<string> Formats { get; }

    /// <summary>Looks at places of this host.</summary>
    /// <param name="paths">Absolute paths.</param>
    /// <param name="withChecksums">Calculates them too; for small files only.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task<Result<DiskSight>> LookAsync(IReadOnlyList<string> paths, bool withChecksums, CancellationToken cancellationToken);

    /// <summary>Tries the way on which this host would send files to another.</summary>
    Task<Result<PeerWay>> TryWayAsync(HostName destination, CancellationToken cancellationToken);

    /// <summary>Puts an empty file into the folder of <paramref name="path"/>, or takes it away. Another host that sees it there has the same folder.</summary>
    Task<Result<Unit>> MarkFolderAsync(string path, string id, bool isMarked, CancellationToken cancellationToken);

    /// <summary>Whether the folder of <paramref name="path"/> has the mark.</summary>
    Task<Result<bool>> SeesMarkAsync(string path, string id, CancellationToken cancellationToken);

    /// <summary>
    /// Asked of the source: starts a copy and returns when it is under way (or has ended already). Ok when it is under way, or
    /// whole at its destination. Refused after <see cref="EndCopyAsync"/> for good.
    /// </summary>
    Task<Result<Unit>> StartCopyAsync(FileCopy copy, CancellationToken cancellationToken);

    /// <summary>Asked of the source.</summary>
    Task<Result<CopyWork>> ObserveCopyAsync(FileCopy copy, CancellationToken cancellationToken);

    /// <summary>Asked of the source: ends a copy that is under way. Ok means that none is any more.</summary>
    /// <param name="copy">Which.</param>
    /// <param name="forGood">It can't be started again either.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task<Result<Unit>> EndCopyAsync(FileCopy copy, bool forGood, CancellationToken cancellationToken);

    /// <summary>Asked of the destination.</summary>
    Task<Result<FileArrival>> LookForCopyAsync(FileCopy copy, CancellationToken cancellationToken);

    /// <summary>
    /// Asked of the destination: removes what has arrived, whole or not. What somebody else has put at its place stays. Only
    /// after the copy has ended, and when no VM uses it.
    /// </summary>
    Task<Result<Unit>> RemoveCopyAsync(FileCopy copy, CancellationToken cancellationToken);

    /// <summary>Asked of the destination: takes the other name off a copy, which is a file like any other from then on.</summary>
    Task<Result<Unit>> KeepCopyAsync(FileCopy copy, CancellationToken cancellationToken);

    /// <summary>Deletes a file for good. Ok when there is none; refused when it is not as it was seen.</summary>
    Task<Result<Unit>> DeleteAsync(string path, string identity, CancellationToken cancellationToken);
}
