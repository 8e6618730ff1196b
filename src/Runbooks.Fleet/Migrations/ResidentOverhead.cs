namespace Runbooks.Fleet.Migrations;

/// <summary>
/// How much of what a VM takes of its host's memory is the hypervisor's own: what it took before a migration less what had
/// to be sent. A VM that was started on its host has more of it (firmware, images) than one that came by migration.
/// </summary>
internal sealed class ResidentOverhead
{
    private readonly RollingMedian ofStarted = new();
    private readonly RollingMedian ofMoved = new();

    /// <summary>MiB; that of the other kind stands in while this kind is not known; null while neither is.</summary>
    public double? Of(bool hasMoved) => hasMoved ? ofMoved.Value ?? ofStarted.Value : ofStarted.Value ?? ofMoved.Value;

    public void Learn(bool hasMoved, double overheadMiB) => (hasMoved ? ofMoved : ofStarted).Add(overheadMiB);
}
