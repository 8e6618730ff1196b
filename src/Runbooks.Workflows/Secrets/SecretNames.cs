using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Secrets;

/// <summary>Names of secrets, and how a name stands in the history in place of the value.</summary>
public static class SecretNames
{
    public const string ReferenceKey = "$secret";

    private const int Longest = 100;

    /// <summary>True for 1 to 100 letters, digits, dots, hyphens and underscores, not beginning with a dot: a name that can't leave a folder.</summary>
    public static bool IsName(string? text) =>
        text is { Length: >= 1 and <= Longest } && text[0] != '.' && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>What the history holds: <c>{"$secret":"name"}</c>.</summary>
    public static JsonObject ReferenceTo(string name) => new() { [ReferenceKey] = name };
}
