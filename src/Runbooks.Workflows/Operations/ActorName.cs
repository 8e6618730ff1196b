namespace Runbooks.Workflows.Operations;

/// <summary>
/// Names of people as orders, the history and approvals use them. A run keeps who started it as <c>name</c> or
/// <c>name: reason</c>, so a name holds no colon.
/// </summary>
public static class ActorName
{
    public const int Longest = 100;

    /// <summary>What a name looks like, for messages.</summary>
    public const string Rule = "A name has 1 to 100 letters, digits, spaces and . _ @ + - characters, and begins with a letter or digit.";

    /// <summary>Callers of the API that did not say who they are.</summary>
    public const string Unnamed = "api";

    public static bool IsName(string? text) =>
        text is { Length: >= 1 and <= Longest } && char.IsLetterOrDigit(text[0]) && text[^1] != ' ' && text.All(c => char.IsLetterOrDigit(c) || c is ' ' or '.' or '_' or '@' or '+' or '-');

    public static bool Same(string? a, string? b) => a is not null && string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    /// <summary>What a run keeps of who started it, and why.</summary>
    public static string StartedBy(string actor, string? reason) => reason is { Length: > 0 } ? $"{actor}: {reason}" : actor;

    /// <summary>Who started a run; null for a caller that did not say who they are. A schedule or an event is its own name.</summary>
    public static string? StarterOf(string startedBy)
    {
        ArgumentNullException.ThrowIfNull(startedBy);
        var name = startedBy.Split(": ", 2)[0];
        return string.Equals(name, Unnamed, StringComparison.OrdinalIgnoreCase) ? null : name;
    }
}
