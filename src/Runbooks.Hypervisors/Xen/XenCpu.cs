using System.Globalization;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Xen;

/// <summary>
/// The CPU of a Xen host as <c>xl info</c> tells it (<c>hw_caps</c>): words of feature bits. A guest may use whatever its
/// host has, and goes on using it elsewhere.
/// </summary>
internal static class XenCpu
{
    /// <summary>Asks a host; what it says is also what a VM on it needs.</summary>
    public const string Script = "xl info | sed -n 's/^hw_caps *: *//p'";

    private const string Mark = "hw_caps ";

    private const int BitsPerWord = 32;

    /// <summary>What a VM needs that runs on a host with these features; null when the host did not tell them.</summary>
    public static string? Need(IReadOnlyList<string> lines) => Read(lines) is null ? null : $"{Mark}{lines[0]}";

    public static (CpuFit Fit, string Words) Judge(string? need, IReadOnlyList<string> lines)
    {
        if (need?.StartsWith(Mark, StringComparison.Ordinal) != true || Read([need[Mark.Length..]]) is not { } wanted || Read(lines) is not { } offered)
        {
            return (CpuFit.NotKnown, "Only Xen hosts tell the features of their CPUs to each other.");
        }

        string[] missing = [.. Bits(wanted).Except(Bits(offered)).Select(b => $"{b / BitsPerWord}:{b % BitsPerWord}")];
        return missing.Length == 0
            ? (CpuFit.Fits, "It has all the features of the CPU that the VM runs on.")
            : (CpuFit.DoesNotFit, $"it lacks {missing.Length} of the features of the CPU that the VM runs on (bits of hw_caps, word:bit): {string.Join(", ", missing)}.");
    }

    private static uint[]? Read(IReadOnlyList<string> lines)
    {
        var words = lines.Count == 1 ? lines[0].Split(':') : [];
        var numbers = new uint[words.Length];
        for (var i = 0; i < words.Length; i++)
        {
            if (!uint.TryParse(words[i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return null;
            }
        }

        return numbers.Length > 0 ? numbers : null;
    }

    private static IEnumerable<int> Bits(uint[] words) =>
        Enumerable.Range(0, words.Length * BitsPerWord).Where(b => (words[b / BitsPerWord] >> (b % BitsPerWord) & 1) == 1);
}
