using System.Text.Json.Nodes;
using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>What a run does when the only thing in its way is a host that does not answer, and whose copy of the VM is in doubt.</summary>
public enum HostLossPolicy
{
    /// <summary>It asks a person.</summary>
    Ask,

    /// <summary>It leaves by HostLost, for the host to be fenced.</summary>
    Fence,
}

/// <summary>How a migration that is not simply going on is brought to an end; the same rules for every stage.</summary>
internal static class MigrationEnding
{
    public const string HostLost = nameof(HostLost);

    public const string LostHost = nameof(LostHost);

    /// <summary>
    /// Looks at a state that should pass. 240 looks of a quarter of a second: hypervisors were seen to take 30 s to agree
    /// after a cut link.
    /// </summary>
    private const int MaxLooks = 240;

    /// <summary>
    /// Looks at a host that does not answer before the outcome is called unknown. A libvirtd that died is back within
    /// seconds, and what it then says is the end of this migration; calling it unknown first would start another one.
    /// </summary>
    private const int MaxSilentLooks = 20;

    /// <summary>The same for a host that can't be reached at all: each look takes as long as a connection that nobody answers.</summary>
    private const int MaxLostLooks = 4;

    private static readonly TimeSpan LostAfter = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Looks at a half-arrived copy before it is ended by us: 20 s. libvirt ends it by itself; a Xen host whose source was
    /// cut off waits for it as long as its TCP does.
    /// </summary>
    private const int MaxHalfCopyLooks = 80;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    public static Reconciliation Reconcile(MigrationPlace place, JsonObject outputsWhenMoved) => place switch
    {
        MigrationPlace.Moved => new Reconciliation.Done(outputsWhenMoved),
        MigrationPlace.NotMoved => new Reconciliation.NotDone("The VM runs at the source, the destination has nothing of it, and no job moves it."),
        MigrationPlace.InFlight { Progress.Phase: MigrationPhase.PostCopy or MigrationPhase.PostCopyFailed } => new Reconciliation.InProgress("The guest runs on the destination and its pages follow."),
        MigrationPlace.InFlight => new Reconciliation.InProgress("A migration job is running."),
        MigrationPlace.StoppedAtSource => new Reconciliation.InProgress("The VM is paused at the source and absent at the destination."),
        MigrationPlace.Settling settling => new Reconciliation.InProgress(settling.Found),
        MigrationPlace.Unclear unclear => new Reconciliation.Unknown(unclear.Fault.ToString()),
        MigrationPlace.Alarming alarming => new Reconciliation.Unknown(alarming.Found),
        _ => new Reconciliation.Unknown($"Unexpected {place}."),
    };

    /// <summary>
    /// Deals with a state between the clear ones; null: look again. The VM that stopped at the source is resumed only when
    /// the destination was just seen to have nothing of it.
    /// </summary>
    /// <param name="context">The step.</param>
    /// <param name="route">Which VM, from where, to where.</param>
    /// <param name="place">What was just seen.</param>
    /// <param name="looks">How often in a row something that should pass was seen.</param>
    /// <param name="patient">
    /// A host that is silent is waited for like one that tidies up: in post-copy there is nothing else that could be done.
    /// </param>
    public static async Task<EffectResult?> SettleAsync(EffectContext context, MigrationRoute route, MigrationPlace place, int looks, bool patient = false)
    {
        switch (place)
        {
            case MigrationPlace.StoppedAtSource when looks >= 4:
                // Seen several times in a row: no hypervisor is going to change it any more.
                await context.EnsureOwnedAsync();
                var resumed = await context.GetRequiredService<IHypervisorDirectory>().Hypervisor(route.Source).ResumeAsync(route.Vm, context.CancellationToken);
                return resumed.IsOk ? null : new EffectResult.Unknown($"VM {route.Vm} is paused at {route.Source} and could not be resumed. {resumed.Fault}");
            case MigrationPlace.Settling half when looks is >= MaxHalfCopyLooks and < MaxLooks && MayEndHalfCopy(context, route, half):
                await context.EnsureOwnedAsync();
                _ = await context.GetRequiredService<IHypervisorDirectory>().Hypervisor(route.Destination).DestroyAsync(route.Vm, context.CancellationToken);
                return null;
            case MigrationPlace.StoppedAtSource or MigrationPlace.Settling when looks < MaxLooks:
                return null;
            case MigrationPlace.Settling settling:
                return new EffectResult.Unknown(settling.Found);
            case MigrationPlace.Unclear { Took: var took } when looks < (patient ? MaxLooks : took < LostAfter ? MaxSilentLooks : MaxLostLooks):
                return null;
            case MigrationPlace.Unclear unclear:
                return new EffectResult.Unknown(unclear.Fault.ToString());
            case MigrationPlace.Alarming when looks < 8:
                // Two hosts are read one after the other; a switch-over in between looks like neither or both.
                return null;
            case MigrationPlace.Alarming alarming:
                return new EffectResult.Unknown(alarming.Found);
            default:
                return new EffectResult.Unknown($"Unexpected {place}.");
        }
    }

    /// <summary>An end in doubt becomes the outcome <see cref="HostLost"/> where fencing that host would settle it, and may be done.</summary>
    public static EffectResult OrFence(EffectResult ended, MigrationPlace place, HostLossPolicy policy) =>
        ended is EffectResult.Unknown && policy == HostLossPolicy.Fence && place is MigrationPlace.Unclear { SettledByFencing: true, Fault.Host: var host }
            ? new EffectResult.Done(new JsonObject { [LostHost] = host.Value }, HostLost)
            : ended;

    /// <summary>The same for a step that is found after a crash: it is joined, and comes to its outcome by itself.</summary>
    public static Reconciliation OrFence(Reconciliation found, MigrationPlace place, HostLossPolicy policy) =>
        found is Reconciliation.Unknown && policy == HostLossPolicy.Fence && place is MigrationPlace.Unclear { SettledByFencing: true }
            ? new Reconciliation.InProgress("A host does not answer and is to be fenced.")
            : found;

    /// <summary>
    /// A half-arrived copy may be ended when the guest was just seen running at the source without a job, because nobody is
    /// left who could tell the copy to start; and when it stands still on both hosts, only by a hypervisor that would leave a
    /// copy alone that starts in this moment. The next look then finds it stopped at the source, or moved.
    /// </summary>
    private static bool MayEndHalfCopy(EffectContext context, MigrationRoute route, MigrationPlace.Settling found) =>
        found.HalfCopyIsDead
        || (found.BothStandStill
            && context.GetRequiredService<IHypervisorDirectory>().Hypervisor(route.Destination).Features.HasFlag(HypervisorFeatures.EndsOnlyHalfCopies));

    /// <summary>Ends a running copy because the run was cancelled.</summary>
    public static async Task<EffectResult> CancelAsync(EffectContext context, MigrationRoute route) =>
        await ReturnAsync(context, route) switch
        {
            UndoResult.Undone { Note: var note } => new EffectResult.Failed($"Cancelled. {note}"),
            UndoResult.Failed { Reason: var reason } => new EffectResult.Unknown(reason),
            _ => new EffectResult.Unknown("Unexpected answer."),
        };

    /// <summary>The same, and the migration is noted as it ended.</summary>
    public static async Task<EffectResult> CancelAndNoteAsync(EffectContext context, MigrationRoute route)
    {
        var ended = await CancelAsync(context, route);
        if (ended is EffectResult.Failed)
        {
            await NoteAsync(context, route);
        }

        return ended;
    }

    /// <summary>
    /// Notes a migration that was ended on purpose: one that moved nothing teaches nothing but is not forgotten, and the
    /// switch-over may have come first. What was noted before stays.
    /// </summary>
    public static async Task NoteAsync(EffectContext context, MigrationRoute route)
    {
        switch (await route.LookAsync(context, context.CancellationToken))
        {
            case MigrationPlace.NotMoved:
                MigrationRecording.Note(context, route, MigrationOutcome.NotMoved);
                break;
            case MigrationPlace.Moved:
                var figures = await context.GetRequiredService<IHypervisorDirectory>().Hypervisor(route.Destination).CompletedMigrationAsync(route.Vm, context.CancellationToken);
                MigrationRecording.Note(context, route, MigrationOutcome.Moved, figures.IsOk ? figures.Value : null);
                break;
        }
    }

    /// <summary>
    /// Sees to it that no job moves the VM any more and that exactly one copy runs: at the source, or, when the switch-over
    /// has happened, at the destination, where it stays.
    /// </summary>
    public static async Task<UndoResult> ReturnAsync(EffectContext context, MigrationRoute route)
    {
        var source = context.GetRequiredService<IHypervisorDirectory>().Hypervisor(route.Source);
        var postCopy = new PostCopyCare(context, route);
        for (var looks = 1; ; looks++)
        {
            var place = await route.LookAsync(context, context.CancellationToken);
            switch (place)
            {
                case MigrationPlace.NotMoved:
                    return new UndoResult.Undone($"{route.Vm} runs on {route.Source}; {route.Destination} has nothing of it.");
                case MigrationPlace.Moved moved:
                    if (await LeaveAsync(context, route, moved) is { } stays)
                    {
                        return new UndoResult.Failed(stays);
                    }

                    return new UndoResult.Undone($"{route.Vm} runs on {route.Destination}: the switch-over had happened, so there was no copy left to end. Nothing of it is left on {route.Source}.");
                case MigrationPlace.InFlight { Progress: { Phase: MigrationPhase.PostCopy or MigrationPhase.PostCopyFailed } progress }:
                    // There is no way back from here; the only good end is the other host.
                    if (await postCopy.SeeAsync(progress) is { } stuck)
                    {
                        return new UndoResult.Failed(stuck);
                    }

                    looks = 0;
                    break;
                case MigrationPlace.InFlight:
                    await context.EnsureOwnedAsync();
                    var aborted = await source.AbortMigrationAsync(route.Vm, context.CancellationToken);
                    if (!aborted.IsOk && looks > MaxLooks)
                    {
                        return new UndoResult.Failed($"The migration of {route.Vm} could not be ended. {aborted.Fault}");
                    }

                    break;
                default:
                    if (await SettleAsync(context, route, place, looks) is EffectResult.Unknown { Reason: var reason })
                    {
                        return new UndoResult.Failed(reason);
                    }

                    break;
            }

            await Task.Delay(Pause, context.Clock, context.CancellationToken);
        }
    }

    /// <summary>
    /// The same for a VM that nobody holds any more: its move has ended long ago and others may have moved it on, which is not
    /// ours to undo; or its reservation was given back although the copy could not be ended, which shows in the copy itself.
    /// </summary>
    public static async Task<UndoResult> ReturnReleasedAsync(EffectContext context, MigrationRoute route)
    {
        switch (await route.LookAsync(context, context.CancellationToken))
        {
            case MigrationPlace.InFlight or MigrationPlace.StoppedAtSource or MigrationPlace.Settling:
                return await ReturnAsync(context, route);
            case MigrationPlace.Moved when await IsOffAsync(context, route.Source):
                // The reservation goes after the definition, so one that is left is the rare case, and the next move there names it.
                return new UndoResult.Undone($"{route.Vm} runs on {route.Destination} and was released; {route.Source} is off.");
            case MigrationPlace.Moved moved:
                // Where the VM runs, nobody touches it; what is left of it here would only stand in the way of its next move.
                return await LeaveAsync(context, route, moved) is { } stays
                    ? new UndoResult.Failed(stays)
                    : new UndoResult.Undone($"{route.Vm} runs on {route.Destination}: the switch-over had happened, so there was no copy left to end. Nothing of it is left on {route.Source}.");
            case MigrationPlace.Unclear unclear when !await IsOffAsync(context, unclear.Fault.Host):
                return new UndoResult.Failed(unclear.Fault.ToString());
            default:
                return new UndoResult.Undone($"The move of {route.Vm} had come to its end and the VM was released; it stays where it is.");
        }
    }

    /// <summary>A host that is off has no copy under way.</summary>
    private static async Task<bool> IsOffAsync(EffectContext context, HostName host) =>
        await context.GetRequiredService<IHypervisorDirectory>().Power(host).ObserveAsync(context.CancellationToken) is { IsOk: true, Value: PowerState.Off };

    /// <summary>
    /// Tidies the source of a VM that was just seen running at the destination, as the later stages would have: what is left
    /// would stand in the way of the VM's next move there. Null when nothing is left; else why not.
    /// </summary>
    private static async Task<string?> LeaveAsync(EffectContext context, MigrationRoute route, MigrationPlace.Moved moved)
    {
        var source = context.GetRequiredService<IHypervisorDirectory>().Hypervisor(route.Source);
        if (moved.PausedTwin)
        {
            await context.EnsureOwnedAsync();
            if (await source.DestroyAsync(route.Vm, context.CancellationToken) is { IsOk: false, Fault: var fault })
            {
                return $"The stale copy of {route.Vm} on {route.Source} could not be ended. {fault}";
            }
        }

        if (await ArrivedDefinition.EnsureAsync(context, route) is { } missing)
        {
            return missing;
        }

        await context.EnsureOwnedAsync();
        var undefined = await source.UndefineAsync(route.Vm, context.CancellationToken);
        return undefined.IsOk || undefined.Fault.Kind == FaultKind.NotFound
            ? null
            : $"{route.Vm} runs on {route.Destination}, but its definition on {route.Source} could not be removed. {undefined.Fault}";
    }
}
