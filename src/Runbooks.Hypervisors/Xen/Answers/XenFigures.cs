using System.Globalization;
using Runbooks.Hypervisors.Libvirt.Answers;

namespace Runbooks.Hypervisors.Xen.Answers;

/// <summary>A host's figures from <c>xl info</c>.</summary>
/// <param name="Cpus">Physical CPUs.</param>
/// <param name="MemoryFreeMiB">Memory that no domain has, MiB.</param>
internal sealed record XenFigures(int Cpus, int MemoryFreeMiB)
{
    public static bool TryRead(IEnumerable<string> info, out XenFigures figures, out string problem)
    {
        var numbers = Figures.Read(info, ':');
        string[] missing = [.. numbers.Missing("nr_cpus", "free_memory")];
        problem = missing.Length == 0 ? string.Empty : $"xl info has no usable {string.Join(", ", missing)}";
        figures = new XenFigures((int)numbers.OrZero("nr_cpus"), (int)numbers.OrZero("free_memory"));
        return missing.Length == 0;
    }

    /// <summary>The first number of <c>/proc/uptime</c>.</summary>
    public static bool TryReadUptime(IReadOnlyList<string> lines, out TimeSpan uptime, out string problem)
    {
        var first = lines.Count > 0 ? lines[0] : string.Empty;
        var ok = double.TryParse(first, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds < 1e10;
        uptime = ok ? TimeSpan.FromSeconds(seconds) : TimeSpan.Zero;
        problem = ok ? string.Empty : $"'{first}' is not an uptime";
        return ok;
    }
}
