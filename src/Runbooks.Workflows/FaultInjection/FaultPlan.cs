namespace Runbooks.Workflows.FaultInjection;

/// <summary>
/// What is to go wrong, as rules that never change. A plan is text and can be read back, so a case that failed can be played
/// again, and an operator can try in an installation of his own what his runbooks do when something breaks.
/// </summary>
/// <remarks>
/// One rule a line: <c>site [of step]: action [time] [, after n] [, times n | always] [, chance x]</c>, such as
/// <c>perform of pre-copy: lose-after</c>, <c>commit: throw, always, chance 0.05</c> or <c>undo of reserve: delay 00:00:05</c>.
/// Empty lines and lines that begin with <c>#</c> are skipped. Rules are tried in order; the first that strikes counts.
/// </remarks>
public sealed class FaultPlan(IReadOnlyList<FaultRule> rules)
{
    /// <summary>The plan in which nothing goes wrong.</summary>
    public static FaultPlan None { get; } = new([]);

    public IReadOnlyList<FaultRule> Rules { get; } = Checked(rules);

    /// <exception cref="FormatException">A line is not a rule, or asks for what the contracts forbid; the message names it.</exception>
    public static FaultPlan Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new FaultPlan([.. text.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.TrimEntries)
            .Select((line, i) => (Line: line, Number: i + 1))
            .Where(l => l.Line.Length > 0 && l.Line[0] != '#')
            .Select(l => FaultText.Rule(l.Line, l.Number))]);
    }

    public override string ToString() => string.Join('\n', Rules);

    private static IReadOnlyList<FaultRule> Checked(IReadOnlyList<FaultRule> rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        foreach (var rule in rules)
        {
            if (FaultRules.Problem(rule) is { } problem)
            {
                throw new FormatException($"Fault rule '{rule}': {problem}");
            }
        }

        return [.. rules];
    }
}
