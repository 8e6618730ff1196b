namespace Runbooks.Hypervisors.Conversion;

/// <summary>A VM in words that every hypervisor has: what both languages can say, and nothing else.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Uuid">Its UUID; it stays the same.</param>
/// <param name="MemoryMiB">Its memory, MiB.</param>
/// <param name="Vcpus">Its vCPUs.</param>
/// <param name="Kernel">The kernel that it boots, a path on the host.</param>
/// <param name="Initrd">Its initial RAM disk, a path on the host; null for none.</param>
/// <param name="CommandLine">The kernel's command line, with devices as Xen calls them: <c>hvc0</c>, <c>xvda</c>.</param>
/// <param name="Disks">Its disks, the first first.</param>
/// <param name="Cards">Its network cards, the first first.</param>
public sealed record ConvertibleVm(
    string Name,
    Guid Uuid,
    int MemoryMiB,
    int Vcpus,
    string Kernel,
    string? Initrd,
    string CommandLine,
    IReadOnlyList<ConvertibleDisk> Disks,
    IReadOnlyList<ConvertibleCard> Cards)
{
    /// <summary>Every file on the host that the VM is made of.</summary>
    public IReadOnlyList<string> Files => [Kernel, .. Initrd is null ? Array.Empty<string>() : [Initrd], .. Disks.Select(d => d.Path)];

    /// <summary>The same VM with its files elsewhere; disks are raw there.</summary>
    /// <param name="move">The new path of each file.</param>
    public ConvertibleVm Relocated(Func<string, string> move)
    {
        ArgumentNullException.ThrowIfNull(move);
        return this with
        {
            Kernel = move(Kernel),
            Initrd = Initrd is null ? null : move(Initrd),
            Disks = [.. Disks.Select(d => d with { Path = move(d.Path), Format = ConvertibleDisk.Raw })],
        };
    }
}

/// <summary>A disk that is a file.</summary>
/// <param name="Path">The file, on the host.</param>
/// <param name="Format"><see cref="Raw"/> or <see cref="Qcow2"/>.</param>
/// <param name="ReadOnly">The guest may not write to it.</param>
public sealed record ConvertibleDisk(string Path, string Format, bool ReadOnly = false)
{
    public const string Raw = "raw";
    public const string Qcow2 = "qcow2";
}

/// <summary>A network card on a bridge of the host.</summary>
/// <param name="Mac">Its MAC address.</param>
/// <param name="Bridge">The bridge's name.</param>
public sealed record ConvertibleCard(string Mac, string Bridge);

/// <summary>A VM that was read, or everything that stands in the way of converting it.</summary>
/// <param name="Vm">The VM; null when something stands in the way.</param>
/// <param name="Problems">What can't be converted, one sentence each, by its name in the definition.</param>
public sealed record ReadVm(ConvertibleVm? Vm, IReadOnlyList<string> Problems);
