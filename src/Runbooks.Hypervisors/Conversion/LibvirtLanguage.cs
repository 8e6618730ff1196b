using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Runbooks.Hypervisors.Conversion;

/// <summary>VMs in libvirt's language. Only those with a kernel of their own (direct kernel boot).</summary>
public static class LibvirtLanguage
{
    private const long KiBPerMiB = 1024;

    /// <summary>What every VM has, or what a paravirtual guest does without.</summary>
    private static readonly HashSet<string> IgnoredDevices = new(StringComparer.Ordinal)
    {
        "emulator", "controller", "serial", "console", "channel", "memballoon", "input", "rng", "graphics", "video", "audio", "watchdog", "panic",
    };

    private static readonly HashSet<string> Ignored = new(StringComparer.Ordinal)
    {
        "name", "uuid", "memory", "currentMemory", "vcpu", "os", "devices", "on_poweroff", "on_reboot", "on_crash", "features", "cpu", "clock", "pm", "resource",
        "metadata", "title", "description", "seclabel",
    };

    public static ReadVm Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!TryParse(text, out var domain, out var broken))
        {
            return new ReadVm(null, [$"The definition can't be read: {broken}"]);
        }

        var problems = new List<string>();
        problems.AddRange(domain.Elements().Where(e => e.Name.Namespace != XNamespace.None || !Ignored.Contains(e.Name.LocalName)).Select(e => $"'{e.Name.LocalName}' can't be converted."));
        var (os, name) = (domain.Element("os"), (string?)domain.Element("name"));
        var kernel = (string?)os?.Element("kernel");
        var memory = MemoryMiB(domain.Element("memory"), problems);
        if (domain.Element("currentMemory") is { } current && MemoryMiB(current, problems) != memory)
        {
            problems.Add("'currentMemory' differs from 'memory'; room to grow can't be converted.");
        }

        var vcpu = domain.Element("vcpu");
        var vcpus = vcpu is null ? 1 : int.TryParse(vcpu.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var count) ? count : 0;
        if (vcpus < 1)
        {
            problems.Add($"'vcpu' must be a whole number from 1, found '{vcpu?.Value}'.");
        }

        if (vcpu?.Attribute("current")?.Value is { } online && online != vcpu.Value.Trim())
        {
            problems.Add("'vcpu' has room to grow, which can't be converted.");
        }

        _ = Guid.TryParse((string?)domain.Element("uuid"), out var uuid);
        problems.AddRange(new[] { ("name", name is { Length: > 0 }), ("uuid", uuid != Guid.Empty), ("memory", memory > 0) }.Where(p => !p.Item2).Select(p => $"There is no '{p.Item1}'."));
        if (string.IsNullOrEmpty(kernel))
        {
            problems.Add("It boots from its disk by firmware; only VMs whose definition names a kernel are converted.");
        }

        problems.AddRange((os?.Elements() ?? []).Where(e => e.Name.LocalName is not ("type" or "kernel" or "initrd" or "cmdline" or "boot" or "bootmenu")).Select(e => $"'os/{e.Name.LocalName}' can't be converted."));
        var devices = domain.Element("devices")?.Elements().ToArray() ?? [];
        var disks = devices.Where(d => d.Name == "disk").Select((d, i) => ReadDisk(d, i, problems)).OfType<ConvertibleDisk>().ToArray();
        var cards = devices.Where(d => d.Name == "interface").Select(d => ReadCard(d, problems)).OfType<ConvertibleCard>().ToArray();
        problems.AddRange(devices.Where(d => d.Name.LocalName is not ("disk" or "interface") && !IgnoredDevices.Contains(d.Name.LocalName)).Select(d => $"The device '{d.Name.LocalName}' can't be converted."));
        return problems.Count > 0 ? new ReadVm(null, problems) : new ReadVm(
            new ConvertibleVm(name!, uuid, memory!.Value, vcpus, kernel!, (string?)os!.Element("initrd"), KernelWords.ForXen((string?)os.Element("cmdline") ?? string.Empty), disks, cards),
            []);
    }

    /// <summary>A definition for the destination.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="domainType">libvirt's word for what runs it: <c>kvm</c>, or <c>qemu</c> for emulation.</param>
    public static string Write(ConvertibleVm vm, string domainType)
    {
        ArgumentNullException.ThrowIfNull(vm);
        return new XElement(
            "domain",
            new XAttribute("type", domainType),
            new XElement("name", vm.Name),
            new XElement("uuid", $"{vm.Uuid}"),
            new XElement("memory", new XAttribute("unit", "MiB"), vm.MemoryMiB),
            new XElement("vcpu", vm.Vcpus),
            new XElement(
                "os",
                new XElement("type", new XAttribute("arch", "x86_64"), new XAttribute("machine", "pc"), "hvm"),
                new XElement("kernel", vm.Kernel),
                vm.Initrd is null ? null : new XElement("initrd", vm.Initrd),
                new XElement("cmdline", KernelWords.ForKvm(vm.CommandLine))),
            new XElement("features", new XElement("acpi")),
            new XElement("on_poweroff", "destroy"),
            new XElement("on_reboot", "restart"),
            new XElement("on_crash", "destroy"),
            new XElement(
                "devices",
                vm.Disks.Select((d, i) => new XElement(
                    "disk",
                    new XAttribute("type", "file"),
                    new XAttribute("device", "disk"),
                    new XElement("driver", new XAttribute("name", "qemu"), new XAttribute("type", d.Format)),
                    new XElement("source", new XAttribute("file", d.Path)),
                    new XElement("target", new XAttribute("dev", $"vd{(char)('a' + i)}"), new XAttribute("bus", "virtio")),
                    d.ReadOnly ? new XElement("readonly") : null)),
                vm.Cards.Select(c => new XElement(
                    "interface",
                    new XAttribute("type", "bridge"),
                    new XElement("mac", new XAttribute("address", c.Mac)),
                    new XElement("source", new XAttribute("bridge", c.Bridge)),
                    new XElement("model", new XAttribute("type", "virtio")))),
                new XElement("serial", new XAttribute("type", "pty")),
                new XElement("channel", new XAttribute("type", "unix"), new XElement("target", new XAttribute("type", "virtio"), new XAttribute("name", "org.qemu.guest_agent.0"))),
                new XElement("memballoon", new XAttribute("model", "virtio"), new XElement("stats", new XAttribute("period", "1"))))).ToString();
    }

    /// <summary>The name and the UUID of a definition; null where it has none or is no definition.</summary>
    internal static (string? Name, Guid? Uuid) Identity(string text) =>
        TryParse(text, out var domain, out _)
            ? ((string?)domain.Element("name"), Guid.TryParse((string?)domain.Element("uuid"), out var uuid) ? uuid : null)
            : (null, null);

    /// <summary>Without document types: a definition has no business with entities and files of ours.</summary>
    private static bool TryParse(string text, out XElement domain, out string problem)
    {
        (domain, problem) = (null!, string.Empty);
        try
        {
            using var reader = XmlReader.Create(new StringReader(text), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            domain = XDocument.Load(reader).Root!;
            problem = domain.Name == "domain" ? string.Empty : $"it is a '{domain.Name.LocalName}' and no domain.";
        }
        catch (XmlException e)
        {
            problem = e.Message;
        }

        return problem.Length == 0;
    }

    private static int? MemoryMiB(XElement? memory, List<string> problems)
    {
        if (memory is null)
        {
            return null;
        }

        long? unit = (string?)memory.Attribute("unit") switch
        {
            null or "KiB" or "k" => 1,
            "MiB" or "M" => KiBPerMiB,
            "GiB" or "G" => KiBPerMiB * KiBPerMiB,
            _ => null,
        };
        if (unit is null || !long.TryParse(memory.Value, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var size)
            || size <= 0 || size > int.MaxValue || size * unit % KiBPerMiB != 0 || size * unit / KiBPerMiB > int.MaxValue)
        {
            problems.Add($"'{memory.Name.LocalName}' must be whole MiB, found '{memory}'.");
            return null;
        }

        return (int)(size * unit.Value / KiBPerMiB);
    }

    private static ConvertibleDisk? ReadDisk(XElement disk, int index, List<string> problems)
    {
        var (target, path, format) = ((string?)disk.Element("target")?.Attribute("dev"), (string?)disk.Element("source")?.Attribute("file"), (string?)disk.Element("driver")?.Attribute("type") ?? ConvertibleDisk.Raw);
        var device = (string?)disk.Attribute("device") ?? "disk";
        var wrong = device != "disk" ? $"it is a {device}"
            : (string?)disk.Attribute("type") != "file" || path is null ? "it is no file"
            : format is not (ConvertibleDisk.Raw or ConvertibleDisk.Qcow2) ? $"its format is '{format}'"
            : target != $"vd{(char)('a' + index)}" ? $"disks must be vda, vdb … in this order"
            : disk.Element("encryption") is not null || disk.Element("shareable") is not null || disk.Element("iotune") is not null ? "it is encrypted, shared or limited"
            : null;
        if (wrong is not null)
        {
            problems.Add($"The disk '{target}' can't be converted: {wrong}.");
            return null;
        }

        return new ConvertibleDisk(path!, format, disk.Element("readonly") is not null);
    }

    private static ConvertibleCard? ReadCard(XElement card, List<string> problems)
    {
        var (mac, bridge) = ((string?)card.Element("mac")?.Attribute("address"), (string?)card.Element("source")?.Attribute("bridge"));
        var wrong = (string?)card.Attribute("type") != "bridge" || bridge is null ? $"it is on a '{(string?)card.Attribute("type")}', not on a bridge"
            : mac is null ? "it has no address"
            : card.Element("vlan") is not null || card.Element("virtualport") is not null || card.Element("bandwidth") is not null ? "it has a VLAN, a virtual port or a limit"
            : null;
        if (wrong is not null)
        {
            problems.Add($"The network card '{mac}' can't be converted: {wrong}.");
            return null;
        }

        return new ConvertibleCard(mac!, bridge!);
    }
}
