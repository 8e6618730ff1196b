using System.Text.RegularExpressions;

namespace Runbooks.Hypervisors.Conversion;

/// <summary>Devices in a kernel's command line, which the hypervisors call differently.</summary>
internal static partial class KernelWords
{
    /// <summary>Xen's console and disks instead of a PC's.</summary>
    public static string ForXen(string words) => Disk().Replace(Serial().Replace(words, "${1}hvc0"), "${1}xvd${2}");

    /// <summary>A PC's console and disks instead of Xen's.</summary>
    public static string ForKvm(string words) => XenDisk().Replace(Hypervisor().Replace(words, "${1}ttyS0"), "${1}vd${2}");

    [GeneratedRegex(@"(?<=^|\s)(console=)ttyS0(?:,\S*)?(?=\s|$)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Serial();

    [GeneratedRegex(@"(?<=^|\s)(console=)hvc0(?=\s|$)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Hypervisor();

    [GeneratedRegex(@"(?<=^|\s)((?:root|resume)=/dev/)vd([a-z]\d*)(?=\s|$)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Disk();

    [GeneratedRegex(@"(?<=^|\s)((?:root|resume)=/dev/)xvd([a-z]\d*)(?=\s|$)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex XenDisk();
}
