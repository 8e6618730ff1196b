using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Libvirt.Answers;

/// <summary>A VM's size from <c>domstats</c>, <c>dumpxml --inactive</c> and <c>guestvcpus</c>.</summary>
/// <param name="State">Its state.</param>
/// <param name="Reason">libvirt's word for why.</param>
/// <param name="Size">Its size, as far as the host knows it.</param>
internal sealed record SizeFigures(VmState State, string Reason, VmSize Size)
{
    private const int KiBPerMiB = 1024;

    /// <param name="stats"><c>domstats --state --balloon --vcpu</c>.</param>
    /// <param name="definition"><c>dumpxml --inactive</c>; empty when there is none.</param>
    /// <param name="isPersistent">False: what <c>dumpxml</c> answers is the running VM's own.</param>
    /// <param name="figures">What was read; only to be used when it was.</param>
    /// <param name="problem">What is missing; empty when nothing is.</param>
    public static bool TryRead(IEnumerable<string> stats, IEnumerable<string> definition, bool isPersistent, out SizeFigures figures, out string problem)
    {
        var seen = Figures.Read(stats, '=');
        string[] missing = [.. seen.Missing("state.state", "state.reason", "balloon.current", "balloon.maximum", "vcpu.current", "vcpu.maximum")];
        problem = missing.Length == 0 ? string.Empty : $"domstats has no usable {string.Join(", ", missing)}";
        var (state, reason) = VmStates.Of(seen.OrZero("state.state"), seen.OrZero("state.reason"));
        var maximum = (int)(seen.OrZero("balloon.maximum") / KiBPerMiB);
        var size = new VmSize((int)seen.OrZero("vcpu.current"), (int)seen.OrZero("vcpu.maximum"), Nearest(seen.OrZero("balloon.current"), maximum), maximum, Used(seen));
        figures = new SizeFigures(state, reason, size);
        if (missing.Length > 0 || !isPersistent)
        {
            return missing.Length == 0;
        }

        if (Defined(string.Join('\n', definition)) is not var (vcpus, memoryMiB))
        {
            problem = "dumpxml has no usable vcpu and currentMemory";
            return false;
        }

        figures = figures with { Size = size with { DefinedVcpus = vcpus, DefinedMemoryMiB = memoryMiB } };
        return true;
    }

    /// <summary>vCPUs that a guest knows and that it has switched on, from <c>guestvcpus</c>; null when that is no answer.</summary>
    public static (int Known, int Online)? Guest(IEnumerable<string> lines)
    {
        var sets = lines
            .Select(l => l.Split(':', 2, StringSplitOptions.TrimEntries))
            .Where(w => w.Length == 2)
            .ToDictionary(w => w[0], w => Count(w[1]), StringComparer.Ordinal);
        return sets.GetValueOrDefault("vcpus") is { } known && sets.GetValueOrDefault("online") is { } online && online > 0 ? (known, online) : null;
    }

    /// <summary>How many numbers a list such as <c>0-2,5</c> has; null when it is none.</summary>
    private static int? Count(string list)
    {
        var count = 0;
        foreach (var part in list.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || !int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) || last < first)
            {
                return null;
            }

            count += last - first + 1;
        }

        return count;
    }

    /// <summary>
    /// What the balloon could not give back: all that the VM has, less what the guest says it could use. What a guest counts as
    /// available to it leaves its kernel out, which needs its memory as much.
    /// </summary>
    private static int? Used(Figures seen) =>
        seen.Find("balloon.last-update") is > 0 && (seen.Find("balloon.usable") ?? seen.Find("balloon.unused")) is { } usable && seen.OrZero("balloon.current") >= usable
            ? (int)((seen.OrZero("balloon.current") - usable + KiBPerMiB - 1) / KiBPerMiB)
            : null;

    /// <summary>Whole MiB; a few KiB more or less, which some machines have, don't make another size.</summary>
    private static int Nearest(long kib, int maximum) => (int)Math.Min((kib + (KiBPerMiB / 2)) / KiBPerMiB, maximum);

    private static (int Vcpus, int MemoryMiB)? Defined(string xml)
    {
        try
        {
            // A definition comes from a host: no document type, nothing is fetched.
            using var reader = XmlReader.Create(new StringReader(xml), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            var domain = XElement.Load(reader);
            var vcpu = domain.Element("vcpu");
            var most = (int?)vcpu;
            var memory = (long?)domain.Element("currentMemory") ?? (long?)domain.Element("memory");
            return most is { } all && memory is { } kib ? ((int?)vcpu!.Attribute("current") ?? all, (int)((kib + (KiBPerMiB / 2)) / KiBPerMiB)) : null;
        }
        catch (Exception e) when (e is XmlException or FormatException or OverflowException)
        {
            return null;
        }
    }
}
