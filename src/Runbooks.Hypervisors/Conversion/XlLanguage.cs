using System.Globalization;
using System.Text;
using Runbooks.Hypervisors.Xen.Answers;

namespace Runbooks.Hypervisors.Conversion;

/// <summary>VMs in xl's language. Only paravirtual ones with a kernel of their own (types pv and pvh).</summary>
public static class XlLanguage
{
    private const int MostDisks = 26;

    /// <summary>What says nothing that the other side would have to know.</summary>
    private static readonly HashSet<string> Ignored = new(StringComparer.Ordinal)
    {
        "on_poweroff", "on_reboot", "on_crash", "localtime", "rtc_timeoffset",
    };

    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "name", "uuid", "type", "memory", "maxmem", "vcpus", "maxvcpus", "kernel", "ramdisk", "extra", "cmdline", "root", "disk", "vif",
    };

    public static ReadVm Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!XlConfig.TryParse(text, out var config, out var broken))
        {
            return new ReadVm(null, [$"The definition can't be read: {broken}."]);
        }

        List<string> problems = [.. config.Keys.Where(k => !Known.Contains(k) && !Ignored.Contains(k)).Select(k => $"'{k}' can't be converted.")];
        if (config.Text("type") is not ("pv" or "pvh"))
        {
            problems.Add($"'type' is '{config.Text("type")}'; only pv and pvh are converted.");
        }

        problems.AddRange(new[] { ("maxmem", "memory"), ("maxvcpus", "vcpus") }
            .Where(p => config.Number(p.Item1) is { } most && most != config.Number(p.Item2))
            .Select(p => $"'{p.Item1}' differs from '{p.Item2}'; room to grow can't be converted."));
        var (name, memory, kernel) = (config.Text("name"), config.Number("memory"), config.Text("kernel"));
        _ = Guid.TryParse(config.Text("uuid"), out var uuid);
        problems.AddRange(new[] { ("name", name is { Length: > 0 }), ("uuid", uuid != Guid.Empty), ("memory", memory > 0), ("kernel", kernel is { Length: > 0 }) }
            .Where(p => !p.Item2).Select(p => $"There is no '{p.Item1}'."));

        var disks = config.List("disk").Select((d, i) => ReadDisk(d, i, problems)).OfType<ConvertibleDisk>().ToArray();
        var cards = config.List("vif").Select(v => ReadCard(v, problems)).OfType<ConvertibleCard>().ToArray();
        var root = config.Text("root") is { Length: > 0 } device ? $"root={device}" : string.Empty;
        return problems.Count > 0 ? new ReadVm(null, problems) : new ReadVm(
            new ConvertibleVm(
                name!, uuid, memory!.Value, config.Number("vcpus") ?? 1, kernel!, config.Text("ramdisk"),
                string.Join(' ', new[] { root, config.Text("extra") ?? string.Empty, config.Text("cmdline") ?? string.Empty }.Where(w => w.Length > 0)), disks, cards),
            []);
    }

    /// <exception cref="ArgumentException">A text holds a line break or both kinds of quotes, which xl can't say.</exception>
    public static string Write(ConvertibleVm vm)
    {
        ArgumentNullException.ThrowIfNull(vm);
        var text = new StringBuilder();
        Line("name", XlConfig.Quote(vm.Name));
        Line("uuid", XlConfig.Quote($"{vm.Uuid}"));
        Line("type", "\"pv\"");
        Line("kernel", XlConfig.Quote(vm.Kernel));
        if (vm.Initrd is { } initrd)
        {
            Line("ramdisk", XlConfig.Quote(initrd));
        }

        Line("extra", XlConfig.Quote(KernelWords.ForXen(vm.CommandLine)));
        Line("memory", vm.MemoryMiB.ToString(CultureInfo.InvariantCulture));
        Line("vcpus", vm.Vcpus.ToString(CultureInfo.InvariantCulture));
        Line("disk", List(vm.Disks.Select((d, i) => $"format={d.Format}, vdev=xvd{(char)('a' + i)}, access={(d.ReadOnly ? "ro" : "rw")}, target={d.Path}")));
        Line("vif", List(vm.Cards.Select(c => $"mac={c.Mac}, bridge={c.Bridge}")));
        Line("on_poweroff", "\"destroy\"");
        Line("on_reboot", "\"restart\"");
        Line("on_crash", "\"destroy\"");
        return text.ToString();

        void Line(string key, string value) => text.Append(key).Append(" = ").Append(value).Append('\n');
    }

    private static string List(IEnumerable<string> items) => $"[ {string.Join(", ", items.Select(XlConfig.Quote))} ]".Replace("[  ]", "[ ]", StringComparison.Ordinal);

    /// <summary>The form with keys only: the one with commas alone means different things in different versions.</summary>
    private static ConvertibleDisk? ReadDisk(string text, int index, List<string> problems)
    {
        // target= comes last and may hold anything.
        var at = text.IndexOf("target=", StringComparison.Ordinal);
        var fields = XlConfig.Fields(at < 0 ? text : text[..at]);
        var (format, device, path) = (fields.GetValueOrDefault("format", ConvertibleDisk.Raw), fields.GetValueOrDefault("vdev", string.Empty), at < 0 ? string.Empty : text[(at + "target=".Length)..].Trim());
        var wrong = !path.StartsWith('/') || path.StartsWith("/dev/", StringComparison.Ordinal) ? "its target is no file"
            : format is not (ConvertibleDisk.Raw or ConvertibleDisk.Qcow2) ? $"its format is '{format}'"
            : index >= MostDisks || device != $"xvd{(char)('a' + index)}" ? $"it is '{device}', and disks must be xvda, xvdb … in this order"
            : fields.Keys.FirstOrDefault(k => k is not ("format" or "vdev" or "access")) is { } other ? $"'{other}' is not known"
            : null;
        if (wrong is not null)
        {
            problems.Add($"The disk '{text}' can't be converted: {wrong}.");
            return null;
        }

        return new ConvertibleDisk(path, format, fields.GetValueOrDefault("access") is "ro" or "r");
    }

    private static ConvertibleCard? ReadCard(string text, List<string> problems)
    {
        var fields = XlConfig.Fields(text);
        var wrong = !fields.TryGetValue("mac", out var mac) ? "it has no mac, so the guest would get another card each time"
            : !fields.TryGetValue("bridge", out var bridge) ? "it has no bridge"
            : fields.Keys.FirstOrDefault(k => k is not ("mac" or "bridge")) is { } other ? $"'{other}' is not known"
            : null;
        if (wrong is not null)
        {
            problems.Add($"The network card '{text}' can't be converted: {wrong}.");
            return null;
        }

        return new ConvertibleCard(mac!, fields["bridge"]);
    }
}
