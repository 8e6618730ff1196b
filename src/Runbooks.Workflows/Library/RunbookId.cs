using System.Globalization;
using System.Text;

namespace Runbooks.Workflows.Library;

/// <summary>Ids of runbooks: stable, in URLs and file names.</summary>
public static class RunbookId
{
    private const int Longest = 100;

    /// <summary>The id of a new runbook: its name in lower case with hyphens, and a number when that is taken.</summary>
    public static string Of(string name, int number)
    {
        ArgumentNullException.ThrowIfNull(name);
        var text = new StringBuilder();
        foreach (var c in name)
        {
            if (char.IsLetterOrDigit(c))
            {
                _ = text.Append(char.ToLowerInvariant(c));
            }
            else if (text.Length > 0 && text[^1] != '-')
            {
                _ = text.Append('-');
            }
        }

        var id = text.ToString()[..Math.Min(text.Length, Longest - 5)].TrimEnd('-');
        id = id.Length == 0 ? "runbook" : id;
        return number == 1 ? id : string.Create(CultureInfo.InvariantCulture, $"{id}-{number}");
    }

    /// <summary>Why an id that somebody gives can't be one; null when it can.</summary>
    public static string? Problem(string id) =>
        id is { Length: > 0 and <= Longest } && char.IsLetterOrDigit(id[0]) && id.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.')
            ? null
            : $"'{(id is { Length: > Longest } ? id[..Longest] + "…" : id)}' can't be the id of a runbook ('definitionId'). It has 1 to {Longest} letters, digits, hyphens, dots and underscores, and begins with a letter or digit.";
}
