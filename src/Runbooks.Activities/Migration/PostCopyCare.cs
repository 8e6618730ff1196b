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
    private readonly PostCopyPatience patience = new();
    private string? lastWords;

    /// <summary>Does what can be done now; null: look again. Else why a person is needed.</summary>
    public async Task<string?> SeeAsync(MigrationProgress progress)
    {
        switch (patience.Next(progress.Phase, progress.SentBytes, context.Clock.GetUtcNow()))
        {
            case PostCopyMeasure.Ask:
                return string.Create(CultureInfo.InvariantCulture, $"The post-copy of {route.Vm} has lost its connection, and {PostCopyPatience.MaxTries} tries to make a new one did not help. The guest stands still on {route.Destination}, and its missing pages are on {route.Source}: end neither copy and resume neither. See that the hosts reach each other; then retry.{(lastWords is null ? "" : $" The last try: {lastWords}")}");
            case PostCopyMeasure.Recover:
                await context.EnsureOwnedAsync();
                var answer = await Source.RecoverPostCopyAsync(new MigrationRequest(route.Vm, route.Destination, null, HoldSwitchOver: false) { AllowPostCopy = true }, context.CancellationToken);
                lastWords = answer.IsOk ? null : answer.Fault.Message;
                patience.Answered(answer.IsOk ? answer.Value : null, context.Clock.GetUtcNow());
                return null;
            case PostCopyMeasure.Break:
                // Whether it has done so shows in the answer to the next try.
                await context.EnsureOwnedAsync();
                _ = await Source.BreakPostCopyAsync(route.Vm, context.CancellationToken);
                return null;
            default:
                return null;
        }
    }

    private IHypervisor Source => context.GetRequiredService<IHypervisorDirectory>().Hypervisor(route.Source);
}
