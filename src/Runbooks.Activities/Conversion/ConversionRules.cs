using System.Globalization;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;

namespace Runbooks.Activities.Conversion;

/// <summary>What is asked of a conversion.</summary>
/// <param name="Folder">The folder at the destination for the VM's files; null: as at the source.</param>
/// <param name="DiskFormat">The format of its disks there; null: as they are, where the destination can use that.</param>
/// <param name="Bridges">Names of bridges at the source, and what they are called at the destination; others keep their names.</param>
internal sealed record ConversionWishes(string? Folder, string? DiskFormat, IReadOnlyDictionary<string, string> Bridges);

/// <summary>Where the files of a VM go. Pure: what is there is found out between its two halves.</summary>
internal static class ConversionRules
{
    private const long MiB = 1_048_576;

    /// <summary>Reads <c>br0=lan0, br1=lan1</c>; null with what is wrong.</summary>
    public static IReadOnlyDictionary<string, string>? ReadBridges(string? text, out string? problem)
    {
        var bridges = new Dictionary<string, string>(StringComparer.Ordinal);
        problem = null;
        foreach (var part in (text ?? string.Empty).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var pair = part.Split('=', StringSplitOptions.TrimEntries);
            if (pair is not [{ Length: > 0 }, { Length: > 0 }])
            {
                problem = $"'{part}' does not name a bridge and what it is called at the destination; write 'br0=lan0'.";
                return null;
            }

            bridges[pair[0]] = pair[1];
        }

        return bridges;
    }

    /// <summary>The VM as it will be at the destination.</summary>
    /// <param name="vm">The VM at its source.</param>
    /// <param name="wishes">What is asked for.</param>
    /// <param name="formats">Formats that the destination can use, the usual first.</param>
    public static ConvertibleVm Arrived(ConvertibleVm vm, ConversionWishes wishes, IReadOnlyList<string> formats)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        return vm with
        {
            Kernel = Place(vm.Kernel),
            Initrd = vm.Initrd is null ? null : Place(vm.Initrd),
            Disks = [.. vm.Disks.Select(d => Format(d) is var format && format == d.Format ? d with { Path = Place(d.Path) } : d with { Path = Place(Renamed(d.Path, format)), Format = format })],
            Cards = [.. vm.Cards.Select(c => c with { Bridge = wishes.Bridges.GetValueOrDefault(c.Bridge, c.Bridge) })],
        };

        string Format(ConvertibleDisk disk) => wishes.DiskFormat ?? (formats.Contains(disk.Format, StringComparer.Ordinal) ? disk.Format : formats[0]);

        string Place(string path)
        {
            var wanted = wishes.Folder is { } folder ? $"{folder.TrimEnd('/')}/{path[(path.LastIndexOf('/') + 1)..]}" : path;
            var place = wanted;
            for (var i = 2; !taken.Add(place); i++)
            {
                // Two folders may hold files of one name.
                var (stem, ending) = Split(wanted);
                place = string.Create(CultureInfo.InvariantCulture, $"{stem}-{i}{ending}");
            }

            return place;
        }
    }

    /// <summary>What becomes of each file, or everything that stands in the way.</summary>
    /// <param name="vm">The VM at its source.</param>
    /// <param name="arrived">The same at the destination.</param>
    /// <param name="here">Its files at the source, in the order of <see cref="ConvertibleVm.Files"/>.</param>
    /// <param name="there">Their places at the destination, in the same order.</param>
    /// <param name="formats">Formats that the destination can use.</param>
    /// <param name="problems">One sentence each, with what to do.</param>
    public static IReadOnlyList<PlannedFile> Plan(ConvertibleVm vm, ConvertibleVm arrived, DiskSight here, DiskSight there, IReadOnlyList<string> formats, out IReadOnlyList<string> problems)
    {
        var found = new List<string>();
        var files = new List<PlannedFile>();
        var boots = vm.Files.Count - vm.Disks.Count;
        for (var i = 0; i < vm.Files.Count; i++)
        {
            var disk = i < boots ? null : vm.Disks[i - boots];
            var (from, to) = (disk?.Format ?? ConvertibleDisk.Raw, disk is null ? ConvertibleDisk.Raw : arrived.Disks[i - boots].Format);
            if (PlanFile(disk, from, to, here.Places[i], there.Places[i], formats, found) is { } file)
            {
                files.Add(file);
            }
        }

        if (files.Exists(f => f.Way == FileWay.Copy && f.FromFormat != f.ToFormat) && !there.CanConvert)
        {
            found.Add("The destination has no 'qemu-img' to convert images with: install the package qemu-utils there, or choose a format that needs no conversion (DiskFormat).");
        }

        // A converted disk may come to its full size, and lies beside what was sent until it was compared.
        var needed = files.Where(f => f.Way == FileWay.Copy).Sum(f => f.FromFormat == f.ToFormat ? f.Bytes : f.Bytes + (here.Places.First(p => p.Path == f.From).File!.Image?.VirtualBytes ?? 0));
        if (files.Count > 0 && there.Places.Min(p => p.FreeBytes) is var free && needed > free)
        {
            found.Add($"The files take up to {needed / MiB} MiB at the destination, and {free / MiB} MiB are free there: make room, or choose another folder (Folder).");
        }

        problems = found;
        return files;
    }

    private static PlannedFile? PlanFile(ConvertibleDisk? disk, string from, string to, FilePlace here, FilePlace there, IReadOnlyList<string> formats, List<string> problems)
    {
        var what = disk is null ? $"The file '{here.Path}'" : $"The disk '{here.Path}'";
        if (here.File is not { } file)
        {
            problems.Add($"{what} is not there, or can't be read, at the source: put right the definition, or the file.");
            return null;
        }

        var wrong = disk is not null && WhyNot(disk, from, to, file, formats) is { } reason ? $"{what} {reason}" : null;
        if (wrong is not null)
        {
            problems.Add(wrong);
            return null;
        }

        var way = there.File is null && !there.IsTaken ? FileWay.Copy
            : there.Path == here.Path && from == to && there.File?.Identity == file.Identity ? FileWay.Shared
            : disk is null && file.Sha256 is not null && there.File?.Sha256 == file.Sha256 ? FileWay.SameThere
            : (FileWay?)null;
        if (way is not { } known)
        {
            problems.Add($"{what} would come to '{there.Path}' at the destination, where there is another file: remove that, or choose another folder (Folder).");
            return null;
        }

        return new PlannedFile(here.Path, there.Path, from, to, file.Bytes, file.Identity, known, disk is not null);
    }

    private static string? WhyNot(ConvertibleDisk disk, string from, string to, HostFile file, IReadOnlyList<string> formats) =>
        !formats.Contains(to, StringComparer.Ordinal) ? $"would be '{to}', which the destination can't use: choose one of {string.Join(", ", formats)} (DiskFormat)."
        : from == ConvertibleDisk.Raw && to == from ? null
        : file.Image is not { } image ? "can't be looked into at the source: install the package qemu-utils there."
        : from == ConvertibleDisk.Raw ? null
        : image.Format != disk.Format ? $"is '{image.Format}', and its definition says '{disk.Format}': put right the definition."
        : image.Backing is { } backing ? $"rests on '{backing}', which would stay behind: make it whole with 'qemu-img rebase -b \"\"'."
        : image.Snapshots > 0 ? $"has {image.Snapshots} snapshots in it, which would be lost: remove them with 'qemu-img snapshot -d'."
        : null;

    private static string Renamed(string path, string format)
    {
        var (stem, ending) = Split(path);
        return ending is ".qcow2" or ".img" or ".raw" ? stem + (format == ConvertibleDisk.Qcow2 ? ".qcow2" : ".img") : $"{path}.{(format == ConvertibleDisk.Qcow2 ? "qcow2" : "img")}";
    }

    private static (string Stem, string Ending) Split(string path)
    {
        var (dot, slash) = (path.LastIndexOf('.'), path.LastIndexOf('/'));
        return dot > slash + 1 ? (path[..dot], path[dot..]) : (path, string.Empty);
    }
}
