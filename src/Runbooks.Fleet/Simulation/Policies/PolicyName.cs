using System.Globalization;

namespace Runbooks.Fleet.Simulation.Policies;

/// <summary>Policies by the names that people type.</summary>
public static class PolicyName
{
    public const string Known = "dvfs, thr:SHARE (0 to 1, for example thr:0.8), lr:SAFETY (1 or more, for example lr:1.2) or runbooks";

    /// <returns>Makes the policy; each simulation needs its own.</returns>
    /// <exception cref="FormatException">There is no such policy; the message names those that there are.</exception>
    public static Func<IClusterPolicy> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(':');
        return parts switch
        {
            ["dvfs"] => () => new StaticPolicy(),
            ["runbooks"] => () => new RunbooksPolicy(),
            ["thr", var share] when Number(share) is > 0 and <= 1 and var s => () => PaperPolicy.Threshold(s),
            ["lr", var safety] when Number(safety) is >= 1 and <= 10 and var s => () => PaperPolicy.Regression(s),
            _ => throw new FormatException($"There is no policy '{text}'; give {Known}."),
        };
    }

    private static double Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;
}
