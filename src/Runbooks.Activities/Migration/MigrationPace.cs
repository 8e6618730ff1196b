using System.Text.Json.Nodes;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>How often a copy is looked at and how often people are told: more often when its end is near.</summary>
internal sealed class MigrationPace(EffectContext context)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Unknown = TimeSpan.FromMilliseconds(100);

    /// <summary>Each telling is a write to the journal.</summary>
    private static readonly TimeSpan Telling = TimeSpan.FromMilliseconds(400);

    private DateTimeOffset? told;

    /// <summary>Until the next look.</summary>
    public static TimeSpan Until(MigrationProgress progress)
    {
        if (progress.BandwidthBytesPerSecond <= 0)
        {
            return Unknown;
        }

        var left = TimeSpan.FromSeconds(progress.RemainingBytes / (double)progress.BandwidthBytesPerSecond / 4);
        return left < Shortest ? Shortest : left > Longest ? Longest : left;
    }

    public async Task TellAsync(JsonObject progress)
    {
        var now = context.Clock.GetUtcNow();
        if (told is null || now - told >= Telling)
        {
            told = now;
            await context.ReportProgressAsync(progress);
        }
    }
}
