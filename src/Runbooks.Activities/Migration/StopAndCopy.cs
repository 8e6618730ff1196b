using System.Text.Json.Nodes;
using Runbooks.Fleet.Migrations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>
/// Stage 3, stop-and-copy: lets the hypervisor stop the guest for the last pages and waits until it runs on the destination.
/// The point of no return.
/// </summary>
[Activity("Runbooks", "Runbooks: Migration", "Stage 3. Lets the guest stop for the last pages and waits until it runs on the destination. There is no way back after it.", DisplayName = "Stop and copy")]
[FlowNode("Done", MigrationEnding.HostLost)]
public sealed class StopAndCopy : IrreversibleActivity
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SlowPoll = TimeSpan.FromMilliseconds(500);

    public override string NoUndoReason =>
        "The guest runs on the destination and its memory at the source is stale. Going back would be a second migration, which an operator or the planner may start.";

    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it runs on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it goes to.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "How long the guest may stand still, ms.", DefaultValue = 300, DisplayName = "Longest downtime, ms")]
    public Input<int> MaxDowntimeMs { get; } = new();

    [Input(Description = "How the memory is sent; for people who watch.", DefaultValue = "PreCopy")]
    public Input<string> Mode { get; } = new();

    [Input(Description = "How long to wait for the switch-over before the migration is given up.", DefaultValue = "00:02:00", DisplayName = "Switch over within")]
    public Input<TimeSpan> SwitchOverWithin { get; } = new();

    [Input(Description = "What to do when a host does not answer whose copy of the VM is in doubt: ask a person, or leave by HostLost for the host to be fenced.", DefaultValue = HostLossPolicy.Ask, DisplayName = "When a host is lost")]
    public Input<HostLossPolicy> WhenHostIsLost { get; } = new();

    [Output(Description = "The host that was lost; empty when none was.")]
    public Output<string> LostHost { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new EffectResult.Failed(problem!);
        }

        _ = MigrationModes.TryRead(context.Get(Mode), out var mode);
        var source = context.GetRequiredService<IHypervisorDirectory>().Hypervisor(route.Source);
        var giveUp = context.Clock.GetUtcNow() + context.Get(SwitchOverWithin);
        var pace = new MigrationPace(context);
        var postCopy = new PostCopyCare(context, route);
        var released = false;
        var (first, inPostCopy) = (true, false);
        for (var settling = 0; ;)
        {
            var place = first ? await route.LookForArrivalAsync(context, context.CancellationToken) : await route.LookAsync(context, context.CancellationToken);
            first = false;
            var wait = Poll;
            switch (place)
            {
                case MigrationPlace.Moved:
                    return new EffectResult.Done();
                case MigrationPlace.NotMoved:
                    MigrationRecording.Note(context, route, MigrationOutcome.NotMoved);
                    return new EffectResult.Failed($"The migration of {route.Vm} ended without moving it; it goes on on {route.Source}. The logs of libvirtd on {route.Source} and {route.Destination} say why.");
                case MigrationPlace.InFlight { Progress: { Phase: MigrationPhase.PostCopy or MigrationPhase.PostCopyFailed } progress }:
                    // Neither the run's end nor any limit of time ends this: the guest is on the other side.
                    (settling, inPostCopy) = (0, true);
                    await pace.TellAsync(MigrationJson.Progress("post-copy", progress, mode ?? MigrationMode.PostCopy, CopyOutlook.OfRest(MigrationJson.Sight(progress))));
                    if (await postCopy.SeeAsync(progress) is { } stuck)
                    {
                        return new EffectResult.Unknown(stuck);
                    }

                    wait = MigrationPace.Until(progress);
                    break;
                case MigrationPlace.InFlight when context.CancelRequested.IsCancellationRequested:
                    return await MigrationEnding.CancelAndNoteAsync(context, route);
                case MigrationPlace.InFlight when context.Clock.GetUtcNow() >= giveUp:
                    return await GiveUpAsync(context, route);
                case MigrationPlace.InFlight { Progress: var progress }:
                    settling = 0;
                    await pace.TellAsync(MigrationJson.Progress("stop-and-copy", progress, mode ?? MigrationMode.PreCopy, CopyOutlook.OfRest(MigrationJson.Sight(progress))));
                    if (!released && progress.Phase == MigrationPhase.PreCopy)
                    {
                        await context.EnsureOwnedAsync();
                        released = (await source.ReleaseSwitchOverAsync(route.Vm, TimeSpan.FromMilliseconds(context.Get(MaxDowntimeMs)), context.CancellationToken)).IsOk;
                    }

                    wait = MigrationPace.Until(progress);
                    break;
                default:
                    wait = inPostCopy ? SlowPoll : Poll;
                    if (await MigrationEnding.SettleAsync(context, route, place, ++settling, inPostCopy) is { } result)
                    {
                        return MigrationEnding.OrFence(result, place, context.Get(WhenHostIsLost));
                    }

                    break;
            }

            await Task.Delay(wait, context.Clock, context.CancellationToken);
        }
    }

    private async Task<EffectResult> GiveUpAsync(EffectContext context, MigrationRoute route)
    {
        var ended = await MigrationEnding.CancelAsync(context, route);
        if (ended is not EffectResult.Failed)
        {
            return ended;
        }

        if (await route.LookAsync(context, context.CancellationToken) is MigrationPlace.Moved)
        {
            return new EffectResult.Done();
        }

        MigrationRecording.Note(context, route, MigrationOutcome.DidNotConverge);
        return new EffectResult.Failed($"{route.Vm} did not switch over within {context.Get(SwitchOverWithin)}: it dirties memory faster than {context.Get(MaxDowntimeMs)} ms of standing still can carry. Allow more downtime, or move it when it writes less.");
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        var place = await route.LookAsync(context, context.CancellationToken);
        return MigrationEnding.OrFence(MigrationEnding.Reconcile(place, new JsonObject()), place, context.Get(WhenHostIsLost));
    }
}
