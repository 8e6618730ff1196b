using System.Globalization;
using System.Text;
using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Xen.Answers;

/// <summary>A process on a host that moves a VM away from it: ours, or an <c>xl migrate</c> that somebody typed.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Elapsed">Since the process started.</param>
internal sealed record XenJob(VmName Vm, TimeSpan Elapsed)
{
    /// <summary>What our own process calls itself, so that it is found as long as it lives.</summary>
    public const string Mark = "runbooks-migrate";

    /// <summary>Ticks of a process's start time per second; the same on every Linux that Xen runs on.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>Lines of the form <c>ticks base64</c>: when a process started after boot, and its command line.</summary>
    public static bool TryRead(IEnumerable<string> lines, TimeSpan uptime, out IReadOnlyList<XenJob> jobs, out string problem)
    {
        var found = new List<XenJob>();
        (jobs, problem) = (found, string.Empty);
        foreach (var line in lines)
        {
            var words = line.Split(' ', 2);
            if (words.Length != 2 || !long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) || !TryDecode(words[1], out var command))
            {
                problem = $"'{line}' does not tell of a process";
                return false;
            }

            if (TryReadVm(command.Split('\0', StringSplitOptions.RemoveEmptyEntries), out var vm))
            {
                var elapsed = uptime - TimeSpan.FromSeconds(ticks / TicksPerSecond);
                found.Add(new XenJob(vm, elapsed > TimeSpan.Zero ? elapsed : TimeSpan.Zero));
            }
        }

        return true;
    }

    private static bool TryReadVm(string[] words, out VmName vm)
    {
        vm = default;
        var mark = Array.IndexOf(words, Mark);
        if (mark >= 0)
        {
            return mark + 1 < words.Length && VmName.TryParse(words[mark + 1], out vm);
        }

        // xl migrate [options] VM HOST: the VM is the last word but one.
        var at = Array.IndexOf(words, "migrate");
        return at > 0 && words.Length - at >= 3 && words[..at].Any(w => w == "xl" || w.EndsWith("/xl", StringComparison.Ordinal))
            && VmName.TryParse(words[^2], out vm);
    }

    private static bool TryDecode(string base64, out string text)
    {
        var bytes = new byte[base64.Length];
        var ok = Convert.TryFromBase64String(base64, bytes, out var length);
        text = ok ? Encoding.UTF8.GetString(bytes, 0, length) : string.Empty;
        return ok;
    }
}
