using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Contract;

/// <summary>What a VM needs of a host, as the host that runs it says.</summary>
/// <param name="Cpu">Its CPU in the hypervisor's own language; null when the guest takes whatever CPU it gets.</param>
/// <param name="Disks">Its disks that are files or devices of the host; disks that QEMU reaches by a network are not among them.</param>
public sealed record VmNeeds(string? Cpu, IReadOnlyList<VmDisk> Disks);

/// <summary>A disk of a VM.</summary>
/// <param name="Path">Its path on the host.</param>
/// <param name="Seen">What lies there; null when there is nothing, or it can't be read.</param>
public sealed record VmDisk(string Path, FileSight? Seen);

/// <summary>A file as one host sees it. On shared storage two hosts see the same.</summary>
/// <param name="Inode">Its number in its file system.</param>
/// <param name="Bytes">Its size.</param>
public sealed record FileSight(long Inode, long Bytes);

/// <summary>Whether a host's CPU offers what a guest's CPU was promised.</summary>
public enum CpuFit
{
    /// <summary>The hypervisor can't say.</summary>
    NotKnown,

    Fits,

    DoesNotFit,
}

/// <summary>What a host offers to a VM that may come.</summary>
/// <param name="Cpu">Whether its CPU does.</param>
/// <param name="CpuWords">What the hypervisor said about it, for people.</param>
/// <param name="Disks">The VM's disks as this host sees them.</param>
/// <param name="Link">The link by which it would receive; null when not known.</param>
public sealed record HostOffer(CpuFit Cpu, string CpuWords, IReadOnlyList<VmDisk> Disks, HostLink? Link);

/// <summary>A network link of a host, measured while it was asked.</summary>
/// <param name="Interface">The host's interface.</param>
/// <param name="SpeedMiBs">What it carries in each direction, MiB per second; null when it does not tell, as virtual ones.</param>
/// <param name="SentMiBs">What it sends at the moment, MiB per second.</param>
/// <param name="ReceivedMiBs">What it receives at the moment, MiB per second.</param>
public sealed record HostLink(string Interface, double? SpeedMiBs, double SentMiBs, double ReceivedMiBs);

/// <summary>Whether one host may open the connection to another that a migration needs.</summary>
public enum PeerTrust
{
    /// <summary>Not by SSH, so there was nothing to try.</summary>
    NotTried,

    Trusted,

    /// <summary>The other host's key is not known there, or is another one.</summary>
    KeyRejected,

    /// <summary>The other host did not let it in.</summary>
    NoAccess,

    /// <summary>The other host did not answer.</summary>
    NoAnswer,
}

/// <summary>What a host found when it tried the way to another.</summary>
/// <param name="Trust">How it ended.</param>
/// <param name="Found">What was found, for people.</param>
/// <param name="Advice">What to do about it, and on which host; null when all is well.</param>
/// <param name="Link">The link by which it would send; null when not known.</param>
public sealed record PeerWay(PeerTrust Trust, string Found, string? Advice, HostLink? Link);

/// <summary>What can be found out before a migration, on both of its hosts. Everything here only looks.</summary>
public interface IMoveChecks
{
    /// <summary>Asked of the host that a VM is on.</summary>
    Task<Result<VmNeeds>> ReadNeedsAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>Asked of the host that a VM would come to.</summary>
    /// <param name="needs">What it needs.</param>
    /// <param name="source">Where it would come from.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task<Result<HostOffer>> ReadOfferAsync(VmNeeds needs, HostName source, CancellationToken cancellationToken);

    /// <summary>Asked of the host that a VM is on: tries the way to the other as a migration would.</summary>
    Task<Result<PeerWay>> TryPeerAsync(HostName destination, CancellationToken cancellationToken);
}
