namespace Runbooks.Fleet.Migrations;

/// <summary>
/// How much of what a VM takes of its host's memory is the hypervisor's own: what it took before a migration less what had
/// to be sent. A VM that was started on its host has more of it (firmware, images) than one that came by migration.
/// </summary>
internal sealed class ResidentOverhead
{
    /// <summary>Enough for a median that one odd VM does not move, few enough to follow a new version of the hypervisor.</summary>
    private const int Kept = 51;

    private readonly Queue<double> ofStarted = new();
    private readonly Queue<double> ofMoved = new();

    /// <summary>MiB; that of the other kind stands in while this kind is not known; null while neither is.</summary>
    public double? Of(bool hasMoved) => Median(hasMoved ? ofMoved : ofStarted) ?? Median(hasMoved ? ofStarted : ofMoved);

    public void Learn(bool hasMoved, double overheadMiB)
    {
        var kind = hasMoved ? ofMoved : ofStarted;
        kind.Enqueue(overheadMiB);
        if (kind.Count > Kept)
        {
            _ = kind.Dequeue();
        }
    }

    private static double? Median(Queue<double> values) => values.Count == 0 ? null : ForecastErrors.Quantile([.. values.Order()], 0.5);
}
