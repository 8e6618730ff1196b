using System.Text.Json.Nodes;
using Runbooks.Fleet.Migrations;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Activities.Migration;

/// <summary>Progress as JSON, with units in the names. What is not known is left out.</summary>
internal static class MigrationJson
{
    /// <param name="stage">The stage, for people.</param>
    /// <param name="progress">The job as it was just seen.</param>
    /// <param name="mode">How the memory is sent.</param>
    /// <param name="outlook">What is expected of it.</param>
    public static JsonObject Progress(string stage, MigrationProgress progress, MigrationMode mode, CopyOutlook outlook)
    {
        var json = new JsonObject
        {
            ["stage"] = stage,
            ["mode"] = mode.ToString(),
            ["round"] = progress.Round,
            ["totalBytes"] = progress.TotalBytes,
            ["sentBytes"] = progress.SentBytes,
            ["remainingBytes"] = progress.RemainingBytes,
            ["dirtyBytesPerSecond"] = progress.DirtyBytesPerSecond,
            ["bandwidthBytesPerSecond"] = progress.BandwidthBytesPerSecond,
            ["elapsedMs"] = (long)progress.Elapsed.TotalMilliseconds,
            ["expectedDowntimeMs"] = progress.ExpectedDowntime is { } downtime ? (long)downtime.TotalMilliseconds : null,
        };
        Add(json, "allowedDowntimeMs", (long?)progress.AllowedDowntime?.TotalMilliseconds);
        Add(json, "predictedEndMs", (long?)outlook.Left?.TotalMilliseconds);
        Add(json, "predictedDowntimeMs", (long?)outlook.Downtime?.TotalMilliseconds);
        Add(json, "throttlePercent", progress.ThrottlePercent > 0 ? progress.ThrottlePercent : null);
        Add(json, "postCopyRequests", progress.PostCopyRequests > 0 ? progress.PostCopyRequests : null);
        return json;
    }

    public static CopySight Sight(MigrationProgress progress) =>
        new(progress.Round, progress.TotalBytes, progress.SentBytes, progress.RemainingBytes, progress.BandwidthBytesPerSecond, progress.Elapsed);

    private static void Add(JsonObject json, string name, long? value)
    {
        if (value is { } known)
        {
            json[name] = known;
        }
    }
}
