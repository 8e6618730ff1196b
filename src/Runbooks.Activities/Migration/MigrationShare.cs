using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>
/// Keeps the bandwidth of a copy under way at its share, which changes as other migrations come, go and turn out to need
/// more. For the loop that watches the copy; it looks at the turns once a second, however often it is called.
/// </summary>
/// <param name="context">The step that watches the copy.</param>
/// <param name="route">What is moved, from where and to where.</param>
internal sealed class MigrationShare(EffectContext context, MigrationRoute route)
{
    private const double BytesPerMiB = 1024 * 1024;

    /// <summary>More than any link carries, MiB/s: hypervisors have no word for taking the limit of a copy away.</summary>
    private const int NoLimit = 1024 * 1024;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private int? set;
    private bool isCopying;
    private DateTimeOffset next = DateTimeOffset.MinValue;

    /// <summary>A share as hypervisors take it: whole MiB/s, and never nothing, which would mean no limit.</summary>
    public static int Whole(double mibs) => Math.Max(1, (int)Math.Min(int.MaxValue, mibs));

    /// <summary>
    /// Tells what is known of the copy and takes over its share. Without a turn, or where the hypervisor can't change the
    /// limit of a copy, nothing happens: the copy goes on with what it has.
    /// </summary>
    public async Task ApplyAsync(MigrationProgress progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        var now = context.Clock.GetUtcNow();
        var begins = !isCopying && progress.SentBytes > 0;
        if ((now < next && !begins) || context.Services.GetService(typeof(IMigrationTurns)) is not IMigrationTurns turns)
        {
            return;
        }

        next = now + Every;

        // Whole numbers, so that a rate that trembles is not written down each second.
        double? dirty = progress.Round > 1 ? Math.Ceiling(progress.DirtyBytesPerSecond / BytesPerMiB) : null;
        isCopying = progress.SentBytes > 0;
        var share = await turns.ShareAsync(route.Vm, context.RunId.ToString(), dirty, isCopying, context.CancellationToken);
        await MigrationTurn.CallAsync(context, share?.Next ?? [], $"{context.RunId}/{route.Vm} copies");
        var wanted = share?.MiBs is { } mibs ? Whole(mibs) : NoLimit;
        if (share is null || wanted == (progress.BandwidthLimitMiBs ?? set ?? NoLimit))
        {
            return;
        }

        await context.EnsureOwnedAsync();
        var changed = await context.GetRequiredService<IHypervisorDirectory>().Hypervisor(route.Source).SetMigrationBandwidthAsync(route.Vm, wanted, context.CancellationToken);
        if (changed.IsOk)
        {
            set = wanted;
        }
        else if (changed.Fault.Kind == FaultKind.Unsupported)
        {
            next = DateTimeOffset.MaxValue;
        }
    }
}
