using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Runbooks.Fleet.Model;

/// <summary>
/// The name of a host in the fleet: 1 to 63 letters, digits, dots, underscores or hyphens, starting with a letter or digit.
/// </summary>
/// <remarks>
/// The alphabet is narrow on purpose: a name ends up as one argument of a remote command, and a name that could be
/// read as an option or by a shell is refused here, before any driver sees it.
/// </remarks>
public readonly record struct HostName : IComparable<HostName>
{
    /// <exception cref="FormatException">The text is not a host name; the message says what was found.</exception>
    public HostName(string value) => Value = NameRules.Require(value, "host name");

    public string Value { get; }

    public static bool TryParse([NotNullWhen(true)] string? text, out HostName name) => NameRules.TryParse(text, static t => new HostName(t), out name);

    public int CompareTo(HostName other) => string.CompareOrdinal(Value, other.Value);

    public override string ToString() => Value ?? string.Empty;
}

/// <summary>The name of a VM (libvirt: domain), unique in the fleet. Same alphabet as <see cref="HostName"/>, and '+'.</summary>
/// <remarks>
/// Not a number and not a UUID: libvirt's tools look for a VM of that number or UUID first, and would take another VM.
/// </remarks>
public readonly record struct VmName : IComparable<VmName>
{
    /// <exception cref="FormatException">The text is not a VM name; the message says what was found.</exception>
    public VmName(string value) => Value = NameRules.RequireVm(value);

    public string Value { get; }

    public static bool TryParse([NotNullWhen(true)] string? text, out VmName name)
    {
        var ok = text is not null && NameRules.IsVm(text);
        name = ok ? new VmName(text!) : default;
        return ok;
    }

    public int CompareTo(VmName other) => string.CompareOrdinal(Value, other.Value);

    public override string ToString() => Value ?? string.Empty;
}

internal static partial class NameRules
{
    public static string Require(string value, string what) =>
        value is not null && Shape().IsMatch(value)
            ? value
            : throw new FormatException(
                $"Not a {what}: '{value}'. Use 1 to 63 letters, digits, '.', '_', '+' or '-', starting with a letter or digit.");

    public static bool IsVm(string text) => Shape().IsMatch(text) && !text.All(char.IsAsciiDigit) && !Guid.TryParseExact(text, "D", out _);

    public static string RequireVm(string value) =>
        IsVm(Require(value, "VM name"))
            ? value
            : throw new FormatException($"Not a VM name: '{value}'. A number or a UUID means another VM to libvirt's tools; use a name with a letter that is no UUID.");

    public static bool TryParse<T>(string? text, Func<string, T> make, out T name)
        where T : struct
    {
        var ok = text is not null && Shape().IsMatch(text);
        name = ok ? make(text!) : default;
        return ok;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.+-]{0,62}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Shape();
}
