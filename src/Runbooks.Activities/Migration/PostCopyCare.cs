using System.Globalization;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>
/// Looks after a guest whose memory is split between two hosts. Nothing is resumed and nothing is ended: a lost connection is
/// made anew, a few times, and whether that has worked is seen in the states and never in what the command says.
/// </summary>
internal sealed class PostCopyCare(EffectContext context, MigrationRoute route)
{
    private const int MaxTries = 8;

    /// <summary>Between two tries: QEMU was seen to need a minute until it lets itself be recovered.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(15);

    private DateTimeOffset? lastTry;
    private int tries;
    private long sent = -1;
    private string? lastWords;

    /// <summary>Does what can be done now; null: look again. Else why a person is needed.</summary>
    public async Task<string?> SeeAsync(MigrationProgress progress)
    {
        if (progress.Phase == MigrationPhase.PostCopy || progress.SentBytes > sent)
        {
            // It goes on, or goes on by itself: only its supervision was lost.
            (sent, lastTry) = (progress.SentBytes, progress.Phase == MigrationPhase.PostCopy ? null : lastTry);
            tries = progress.Phase == MigrationPhase.PostCopy ? 0 : tries;
            return null;
        }

        var now = context.Clock.GetUtcNow();
        if (lastTry is { } last && now - last < Pause)
        {
            return null;
        }

        if (tries >= MaxTries)
        {
            return string.Create(CultureInfo.InvariantCulture, $"The post-copy of {route.Vm} has lost its connection, and {MaxTries} tries to make a new one did not help. The guest stands still on {route.Destination}, and its missing pages are on {route.Source}: end neither copy and resume neither. See that the hosts reach each other; then retry.{(lastWords is null ? "" : $" The last try: {lastWords}")}");
        }

        (lastTry, tries) = (now, tries + 1);
        await context.EnsureOwnedAsync();
        var answer = await context.GetRequiredService<IHypervisorDirectory>().Hypervisor(route.Source)
            .RecoverPostCopyAsync(new MigrationRequest(route.Vm, route.Destination, null, HoldSwitchOver: false) { AllowPostCopy = true }, context.CancellationToken);
        lastWords = answer.IsOk ? null : answer.Fault.Message;
        return null;
    }
}
