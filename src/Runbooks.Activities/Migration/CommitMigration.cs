using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>
/// Stage 4, commitment: proves that the destination's copy is the one that runs, and ends a paused twin at the source if the
/// hypervisors left one.
/// </summary>
[Activity("Runbooks", "Runbooks: Migration", "Stage 4. Proves on both hosts that the destination's copy is the one that runs, and ends a stale twin at the source.", DisplayName = "Commit migration")]
[FlowNode("Done", MigrationEnding.HostLost)]
public sealed class CommitMigration : IrreversibleActivity
{
    public override string NoUndoReason => "It only ends a copy that was proven to be stale; there is nothing in it to come back to.";

    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it ran on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it runs on now.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

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

        switch (await route.LookForArrivalAsync(context, context.CancellationToken))
        {
            case MigrationPlace.Moved { PausedTwin: false }:
                // Nothing is on the wire any more: whoever waits may go while this run tidies up.
                _ = await MigrationTurn.ReleaseAsync(context, route.Vm);
                return new EffectResult.Done();
            case MigrationPlace.Moved:
                // The destination was just seen running, so the paused copy is the duplicate.
                await context.EnsureOwnedAsync();
                var destroyed = await context.GetRequiredService<IHypervisorDirectory>().Hypervisor(route.Source).DestroyAsync(route.Vm, context.CancellationToken);
                return destroyed.IsOk ? new EffectResult.Done() : new EffectResult.Unknown($"The stale copy of {route.Vm} on {route.Source} could not be ended. {destroyed.Fault}");
            case MigrationPlace.Unclear unclear:
                var open = new EffectResult.Unknown($"{unclear.Fault} Until {route.Source} and {route.Destination} both answer, nothing is ended or removed.");
                return MigrationEnding.OrFence(open, unclear, context.Get(WhenHostIsLost));
            case MigrationPlace.Alarming alarming:
                return new EffectResult.Unknown(alarming.Found);
            case var place:
                return new EffectResult.Unknown($"After the switch-over {route.Vm} was found {place}. Look at {route.Source} and {route.Destination}.");
        }
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        var seen = await route.LookAsync(context, context.CancellationToken);
        Reconciliation found = seen switch
        {
            MigrationPlace.Moved { PausedTwin: false } => new Reconciliation.Done(),
            MigrationPlace.Moved => new Reconciliation.NotDone("A stale, paused copy is still at the source."),
            MigrationPlace.Unclear unclear => new Reconciliation.Unknown(unclear.Fault.ToString()),
            MigrationPlace.Alarming alarming => new Reconciliation.Unknown(alarming.Found),
            var place => new Reconciliation.Unknown($"Found {place}."),
        };
        return MigrationEnding.OrFence(found, seen, context.Get(WhenHostIsLost));
    }
}
