namespace Runbooks.Fleet.Migrations;

/// <summary>How a copy that is under way will end, if the guest goes on as it does.</summary>
/// <param name="Left">Until the switch-over; null when the guest writes faster than is sent, or not enough is known.</param>
/// <param name="Downtime">How long the guest would stand still if it were stopped now; null when the bandwidth is not known.</param>
public sealed record CopyOutlook(TimeSpan? Left, TimeSpan? Downtime)
{
    /// <summary>Of an iterative copy: what remains shrinks by the difference of what is sent and what is written.</summary>
    public static CopyOutlook OfPreCopy(CopySight sight, long dirtyBytesPerSecond, long thresholdBytes)
    {
        ArgumentNullException.ThrowIfNull(sight);
        if (sight.BandwidthBytesPerSecond <= 0)
        {
            return new(null, null);
        }

        var gain = sight.BandwidthBytesPerSecond - dirtyBytesPerSecond;
        var left = gain <= 0 ? (TimeSpan?)null : TimeSpan.FromSeconds(Math.Max(0, sight.RemainingBytes - thresholdBytes) / (double)gain);
        var atStop = left is null ? sight.RemainingBytes : Math.Min(sight.RemainingBytes, thresholdBytes);
        return new(left, TimeSpan.FromSeconds(atStop / (double)sight.BandwidthBytesPerSecond));
    }

    /// <summary>Of pages that are sent once: the guest stands still, or runs on the other side.</summary>
    public static CopyOutlook OfRest(CopySight sight)
    {
        ArgumentNullException.ThrowIfNull(sight);
        return sight.BandwidthBytesPerSecond <= 0 ? new(null, null) : new(TimeSpan.FromSeconds(sight.RemainingBytes / (double)sight.BandwidthBytesPerSecond), null);
    }
}
