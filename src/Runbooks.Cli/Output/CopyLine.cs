using System.Globalization;
using System.Text.Json.Nodes;

namespace Runbooks.Cli.Output;

/// <summary>What a step reports of a migration, in one line.</summary>
internal static class CopyLine
{
    /// <summary>Null when it is not about a migration.</summary>
    public static string? Of(JsonObject progress)
    {
        if (progress["stage"]?.ToString() is not { } stage || Number(progress, "totalBytes") is not { } total)
        {
            return null;
        }

        var parts = new List<string> { progress["mode"]?.ToString() is { } mode and not "PreCopy" ? $"{stage} ({mode})" : stage };
        Add("round", n => $"round {n:0}");
        Add("remainingBytes", n => $"{MiB(n)} of {MiB(total)} left", from: 0);
        Add("bandwidthBytesPerSecond", n => $"{MiB(n)}/s");
        Add("dirtyBytesPerSecond", n => $"dirties {MiB(n)}/s");
        Add("predictedEndMs", n => $"{n / 1000:0.0} s to go");
        Add("predictedDowntimeMs", n => $"{n:0} ms standing still");
        Add("throttlePercent", n => $"slowed down by {n:0} %");
        if (progress["measures"]?.ToString() is { Length: > 0 } measures)
        {
            parts.Add(measures);
        }

        return string.Join(", ", parts);

        void Add(string name, Func<double, FormattableString> say, double from = 1)
        {
            if (Number(progress, name) is { } value && value >= from)
            {
                parts.Add(say(value).ToString(CultureInfo.InvariantCulture));
            }
        }
    }

    private static string MiB(double bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576:0} MiB");

    private static double? Number(JsonObject progress, string name) =>
        progress[name] is JsonValue value && double.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
