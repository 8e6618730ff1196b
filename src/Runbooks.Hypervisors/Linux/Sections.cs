namespace Runbooks.Hypervisors.Linux;

/// <summary>
/// The answers of several virsh commands in one call. virsh's own <c>echo</c> writes a mark before each, because virsh
/// says nothing about where one answer ends.
/// </summary>
internal static class Sections
{
    private const string Mark = "@@";
    private const string End = "end";

    /// <summary>The command line for virsh: each command after its mark.</summary>
    public static string Script(params (string Name, string Command)[] commands) =>
        string.Join("; ", commands.Select(c => $"echo {Mark}{c.Name}; {c.Command}")) + $"; echo {Mark}{End}";

    /// <summary>The text after each mark, without blank lines; false when the last mark is missing, or one of <paramref name="needed"/>.</summary>
    public static bool TrySplit(string output, out Dictionary<string, string[]> sections, out string problem, params IEnumerable<string> needed)
    {
        sections = new(StringComparer.Ordinal);
        var name = string.Empty;
        var lines = new List<string>();
        foreach (var line in output.Split('\n').Select(l => l.TrimEnd()))
        {
            if (line.StartsWith(Mark, StringComparison.Ordinal))
            {
                sections[name] = [.. lines];
                name = line[Mark.Length..];
                lines.Clear();
            }
            else if (line.Length > 0)
            {
                lines.Add(line);
            }
        }

        var found = sections;
        problem = name != End ? $"the answer stops in the part '{name}'"
            : needed.FirstOrDefault(part => !found.ContainsKey(part)) is { } missing ? $"the answer has no part '{missing}'"
            : string.Empty;
        return problem.Length == 0;
    }
}
