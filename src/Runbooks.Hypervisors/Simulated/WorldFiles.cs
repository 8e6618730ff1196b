using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>What becomes of the files of VMs; no request is answered here.</summary>
internal static class WorldFiles
{
    private const int MiB = 1_048_576;

    public static FileState? Find(WorldState world, HostName host, string path) =>
        world.Files.Find(f => f.Path == path && (f.Host is null || f.Host == host));

    /// <summary>The files of a VM that is made on a host, as far as they are not there.</summary>
    public static void Make(WorldState world, HostName host, SimulatedVm vm)
    {
        if (Find(world, host, FileState.Kernel) is null)
        {
            world.Files.Add(new FileState { Host = host, Path = FileState.Kernel, Format = ConvertibleDisk.Raw, Bytes = FileState.KernelBytes, Content = "kernel" });
        }

        foreach (var disk in vm.Disks.Where(d => Find(world, host, d.Path) is null))
        {
            world.Files.Add(new FileState { Host = disk.IsShared ? null : host, Path = disk.Path, Format = disk.Format, Bytes = (long)disk.MiB * MiB, Content = $"{vm.Name} {disk.Path}" });
        }
    }

    /// <summary>The first file that a guest needs and does not find; null when all are there.</summary>
    public static string? FirstMissing(WorldState world, HostName host, GuestState guest) =>
        guest.Disks.Select(d => d.Path).Prepend(guest.Kernel).FirstOrDefault(p => Find(world, host, p) is null && (p != FileState.Kernel || guest.Disks.Count > 0));

    /// <summary>A guest that starts writes to its disks: from then on they are not what a copy was made of.</summary>
    public static void Boot(WorldState world, HostName host, GuestState guest)
    {
        foreach (var disk in guest.Disks.Where(d => !d.ReadOnly))
        {
            if (Find(world, host, disk.Path) is { } file)
            {
                file.Boots++;
            }
        }
    }

    /// <summary>The time of a copy is over: it has arrived, unless a host is gone or something is in the way.</summary>
    public static void EndCopy(WorldState world, CopyState work)
    {
        var (source, destination) = (world.Host(work.Source), world.Host(work.Copy.Destination));
        var file = Find(world, work.Source, work.Copy.Path);
        work.Problem = !IsUp(source) || !IsUp(destination) ? "Connection to the destination was lost."
            : file is null ? "No such file or directory."
            : Find(world, destination.Name, work.Copy.Target) is not null ? $"there is another file {work.Copy.Target} already"
            : null;
        if (work.Problem is null)
        {
            world.Copies.Remove(work);
            world.Files.Add(new FileState { Host = destination.Name, Path = work.Copy.Target, Format = work.Copy.TargetFormat, Bytes = file!.Bytes, Content = file.Content, Boots = file.Boots, Mark = work.Copy.Id });
        }
    }

    private static bool IsUp(HostState host) => host is { Cut: false, Power: PowerState.On };
}
