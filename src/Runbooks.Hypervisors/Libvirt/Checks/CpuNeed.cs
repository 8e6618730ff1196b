using System.Diagnostics.CodeAnalysis;
using System.Xml.Linq;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Answers;

namespace Runbooks.Hypervisors.Libvirt.Checks;

/// <summary>The CPU that a guest was promised, as virsh compares it with that of a host.</summary>
/// <param name="Kind">
/// <c>guest</c>: a CPU that the hypervisor can make. <c>host</c>: the guest sees the CPU of its host itself, so the other host
/// must have all of it.
/// </param>
/// <param name="Type">The domain's type: kvm, or qemu for an emulated one.</param>
/// <param name="Architecture">Its architecture.</param>
/// <param name="Machine">Its machine type.</param>
/// <param name="Xml">The CPU.</param>
internal sealed record CpuNeed(string Kind, string Type, string Architecture, string Machine, string Xml)
{
    /// <summary>True for a guest that sees its host's own CPU, which only that host can describe.</summary>
    public static bool IsOfTheHost(XElement domain) => (string?)domain.Element("cpu")?.Attribute("mode") is "host-passthrough" or "maximum";

    /// <summary>Null for a guest without a CPU of its own choice.</summary>
    public static CpuNeed? Of(XElement domain, XElement? hostCpu)
    {
        var type = domain.Element("os")?.Element("type");
        var cpu = IsOfTheHost(domain) ? hostCpu : domain.Element("cpu");
        return cpu is null || type is null || (string?)domain.Element("cpu")?.Element("model") is null && !IsOfTheHost(domain)
            ? null
            : new CpuNeed(
                IsOfTheHost(domain) ? "host" : "guest",
                (string?)domain.Attribute("type") ?? "kvm",
                (string?)type.Attribute("arch") ?? string.Empty,
                (string?)type.Attribute("machine") ?? string.Empty,
                Flat(cpu));
    }

    public override string ToString() =>
        new XElement("need", new XAttribute("kind", Kind), new XAttribute("type", Type), new XAttribute("arch", Architecture), new XAttribute("machine", Machine), XElement.Parse(Xml)).ToString(SaveOptions.DisableFormatting);

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out CpuNeed? need)
    {
        need = text is not null && SafeXml.TryRead(text, out var root, out _) && root.Element("cpu") is { } cpu
            ? new CpuNeed((string?)root.Attribute("kind") ?? "guest", (string?)root.Attribute("type") ?? "kvm", (string?)root.Attribute("arch") ?? string.Empty, (string?)root.Attribute("machine") ?? string.Empty, Flat(cpu))
            : null;
        return need is not null;
    }

    /// <summary>What virsh's comparison means: only a plain no is a no.</summary>
    public static (CpuFit Fit, string Words) Judge(IReadOnlyList<string> lines)
    {
        var words = string.Join(' ', lines.Where(l => !l.StartsWith("rc ", StringComparison.Ordinal)).Select(l => l.StartsWith("error: ", StringComparison.Ordinal) ? l["error: ".Length..] : l))
            .Replace(" /dev/stdin", string.Empty, StringComparison.Ordinal);
        return (lines.Count == 0 ? null : lines[^1]) switch
        {
            null => (CpuFit.NotKnown, "The guest takes whatever CPU it gets."),
            "rc 0" => (CpuFit.Fits, words),
            _ when words.Contains("incompatible", StringComparison.Ordinal) || words.Contains("is not supported by emulator", StringComparison.Ordinal) => (CpuFit.DoesNotFit, words),
            _ => (CpuFit.NotKnown, words),
        };
    }

    private static string Flat(XElement element) => XElement.Parse(element.ToString(SaveOptions.DisableFormatting)).ToString(SaveOptions.DisableFormatting).Replace("\n", string.Empty, StringComparison.Ordinal);
}
