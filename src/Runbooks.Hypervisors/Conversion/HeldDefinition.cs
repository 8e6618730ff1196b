using System.Text.RegularExpressions;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Conversion;

/// <summary>
/// A definition that can't be started, by whoever tries: its kernel has a path that nothing has, and that says who holds it.
/// Everything else in it stays, so releasing it needs no memory of how it was.
/// </summary>
/// <remarks>Both languages name the kernel of every VM that can be converted, and both hypervisors look for it only at a start.</remarks>
public static partial class HeldDefinition
{
    private const string Folder = "/held-by-runbooks/";

    /// <summary>The definition, held; null when it names no kernel by an absolute path.</summary>
    /// <param name="definition">The definition, held by anybody or not.</param>
    /// <param name="holder">Letters, digits, '.' and '-'.</param>
    public static VmDefinition? Hold(VmDefinition definition, string holder)
    {
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentException.ThrowIfNullOrEmpty(holder);
        return With(definition, path => Folder + holder + Free(path));
    }

    /// <summary>The definition as it was before it was held.</summary>
    public static VmDefinition Release(VmDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return With(definition, Free) ?? definition;
    }

    /// <summary>Who holds it; null when nobody does.</summary>
    public static string? HolderOf(VmDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return Find(definition) is { } kernel ? HolderOf(kernel.Value) : null;
    }

    /// <summary>Who holds a VM, by the path of its kernel; null when nobody does.</summary>
    internal static string? HolderOf(string kernel) =>
        kernel.StartsWith(Folder, StringComparison.Ordinal) && kernel.IndexOf('/', Folder.Length) is > 0 and var end ? kernel[Folder.Length..end] : null;

    private static string Free(string path) => HolderOf(path) is { } holder ? path[(Folder.Length + holder.Length)..] : path;

    private static VmDefinition? With(VmDefinition definition, Func<string, string> change) =>
        Find(definition) is { } kernel
            ? definition with { Text = string.Concat(definition.Text.AsSpan(0, kernel.Index), change(kernel.Value), definition.Text.AsSpan(kernel.Index + kernel.Length)) }
            : null;

    /// <summary>The path of the kernel; null unless there is exactly one.</summary>
    private static Group? Find(VmDefinition definition) =>
        (definition.Format == "xl" ? InXl() : InXml()).Matches(definition.Text) is [var only] ? only.Groups["path"] : null;

    [GeneratedRegex(@"<kernel>(?<path>/[^<]*)</kernel>", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex InXml();

    [GeneratedRegex(@"^[ \t]*kernel[ \t]*=[ \t]*(""(?<path>/[^""\n]*)""|'(?<path>/[^'\n]*)')", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex InXl();
}
