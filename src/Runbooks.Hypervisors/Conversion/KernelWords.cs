using System.Text.RegularExpressions;

namespace Runbooks.Hypervisors.Conversion;

/// <summary>Devices in a kernel's command line, which the hypervisors call differently.</summary>
internal static partial class KernelWords
{
    /// <summary>Xen's console and disks instead of a PC's.</summary>
    public static string ForXen(string words) => Disk().Replace(Serial().Replace(words, "${key}hvc0"), "${key}xvd${disk}");

    /// <summary>A PC's console and disks instead of Xen's.</summary>
    public static string ForKvm(string words) => XenDisk().Replace(Hypervisor().Replace(words, "${key}ttyS0"), "${key}vd${disk}");

    [GeneratedRegex(@"(?<=^|\s)(?<key>console=)ttyS0(,\S*)?(?=\s|$)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Serial();

    [GeneratedRegex(@"(?<=^|\s)(?<key>console=)hvc0(?=\s|$)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Hypervisor();

    [GeneratedRegex(@"(?<=^|\s)(?<key>(root|resume)=/dev/)vd(?<disk>[a-z]\d*)(?=\s|$)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Disk();

    [GeneratedRegex(@"(?<=^|\s)(?<key>(root|resume)=/dev/)xvd(?<disk>[a-z]\d*)(?=\s|$)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex XenDisk();
}
