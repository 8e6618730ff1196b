using System.Globalization;
using System.Text.RegularExpressions;

namespace Runbooks.Hypervisors.Xen.Answers;

/// <summary>Writes numbers into a definition in xl's language and leaves every other character as it is.</summary>
internal static partial class XlNumbers
{
    /// <summary>The definition with another number; null when it names the key more than once, or not as a number.</summary>
    public static string? With(string definition, string key, int number)
    {
        ArgumentNullException.ThrowIfNull(definition);
        var text = number.ToString(CultureInfo.InvariantCulture);
        if (!XlConfig.TryParse(definition, out var before, out _))
        {
            return null;
        }

        var found = Assignment().Matches(definition).Where(m => m.Groups["key"].Value == key).Select(m => m.Groups["value"]).ToArray();
        var changed = (before.Find(key), found) switch
        {
            (null, []) => $"{definition}{(definition.EndsWith('\n') || definition.Length == 0 ? string.Empty : "\n")}{key} = {text}\n",
            (not null, [var only]) => string.Concat(definition.AsSpan(0, only.Index), text, definition.AsSpan(only.Index + only.Length)),
            _ => null,
        };

        // Whatever was there, what xl reads now has to be that number.
        return changed is not null && XlConfig.TryParse(changed, out var after, out _) && after.Number(key) == number ? changed : null;
    }

    [GeneratedRegex(@"^[ \t]*(?<key>[A-Za-z_]+)[ \t]*=[ \t]*(?<value>""[0-9]+""|'[0-9]+'|[0-9]+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Assignment();
}
