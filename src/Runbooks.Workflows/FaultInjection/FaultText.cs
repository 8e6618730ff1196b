using System.Globalization;
using System.Text.RegularExpressions;

namespace Runbooks.Workflows.FaultInjection;

/// <summary>Fault rules as text.</summary>
internal static partial class FaultText
{
    private static readonly Dictionary<string, FaultSite> Sites = Enum.GetValues<FaultSite>().ToDictionary(Word, StringComparer.Ordinal);
    private static readonly Dictionary<string, FaultAction> Actions = Enum.GetValues<FaultAction>().ToDictionary(Word, StringComparer.Ordinal);

    /// <summary>The word of a value: LoseAfter is lose-after.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum =>
        Capitals().Replace(value.ToString(), "-${capital}").ToLowerInvariant();

    public static FaultRule Rule(string line, int number)
    {
        var parts = line.Split(':', 2, StringSplitOptions.TrimEntries);
        if (parts.Length != 2)
        {
            throw Wrong(line, number, "A rule is 'site [of step]: action'; there is no colon.");
        }

        var where = parts[0].Split(" of ", 2, StringSplitOptions.TrimEntries);
        var what = parts[1].Split(',', StringSplitOptions.TrimEntries);
        var action = what[0].Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (!Sites.TryGetValue(where[0], out var site))
        {
            throw Wrong(line, number, $"'{where[0]}' is no place for a fault. There are: {string.Join(", ", Sites.Keys)}.");
        }

        if (action.Length == 0 || !Actions.TryGetValue(action[0], out var kind))
        {
            throw Wrong(line, number, $"'{what[0]}' is no fault. There are: {string.Join(", ", Actions.Keys)}.");
        }

        var rule = new FaultRule(site, kind) { Step = where.Length > 1 ? where[1] : null };
        if (action.Length > 1)
        {
            rule = kind == FaultAction.Delay && TimeSpan.TryParse(action[1], CultureInfo.InvariantCulture, out var time)
                ? rule with { Time = time }
                : throw Wrong(line, number, $"'{action[1]}' means nothing after '{action[0]}'; only 'delay' takes a time, such as 00:00:05.");
        }

        rule = what.Skip(1).Aggregate(rule, (r, word) => With(r, word, line, number));
        return FaultRules.Problem(rule) is { } problem ? throw Wrong(line, number, problem) : rule;
    }

    private static FaultRule With(FaultRule rule, string word, string line, int number)
    {
        var parts = word.Split(' ', 2, StringSplitOptions.TrimEntries);
        return parts switch
        {
            ["always"] => rule with { Times = FaultRule.Always },
            ["after", var n] when int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var skip) => rule with { Skip = skip },
            ["times", var n] when int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var times) => rule with { Times = times },
            ["chance", var x] when double.TryParse(x, NumberStyles.Float, CultureInfo.InvariantCulture, out var chance) => rule with { Chance = chance },
            _ => throw Wrong(line, number, $"'{word}' is none of: after n, times n, always, chance x."),
        };
    }

    private static FormatException Wrong(string line, int number, string problem) => new($"Line {number} of the fault plan, '{line}': {problem}");

    [GeneratedRegex("(?<=[a-z])(?<capital>[A-Z])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Capitals();
}
