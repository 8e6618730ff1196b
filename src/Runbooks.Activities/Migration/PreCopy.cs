using System.Text.Json.Nodes;
using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>
/// Stage 2, iterative pre-copy: copies memory while the guest runs, until few enough dirty pages remain, or enough rounds,
/// bytes or time are spent and the operator's measures decide. The job belongs to the source host: it outlives us, and after
/// a restart it is joined.
/// </summary>
[Activity("Runbooks", "Runbooks: Migration", "Stage 2. Copies memory round by round while the guest runs; ends on dirty pages, rounds, bytes or time, and then takes measures.", DisplayName = "Pre-copy")]
public sealed class PreCopy : ChangeActivity
{
    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it runs on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it goes to.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "How memory is sent: PreCopy, PostCopy, Hybrid, Compressed, Parallel or Stopped.", DefaultValue = "PreCopy")]
    public Input<string> Mode { get; } = new();

    [Input(Description = "Critical: the VM is never migrated by post-copy, which a lost connection would not survive.", DefaultValue = "normal")]
    public Input<string> Criticality { get; } = new();

    [Input(Description = "Most MiB per second on the wire; 0: no limit.", DefaultValue = 0, DisplayName = "Bandwidth, MiB/s")]
    public Input<int> BandwidthMiBs { get; } = new();

    [Input(Description = "Switch over when no more than this remains to be sent, MiB.", DefaultValue = 8, DisplayName = "Switch over at, MiB")]
    public Input<int> DirtyThresholdMiB { get; } = new();

    [Input(Description = "Switch over when what remains can be sent in this time, ms; the guest stands still as long.", DefaultValue = 300, DisplayName = "Longest downtime, ms")]
    public Input<int> MaxDowntimeMs { get; } = new();

    [Input(Description = "What the longest downtime may be raised to when the copy does not converge, ms.", DefaultValue = 1000, DisplayName = "Downtime ceiling, ms")]
    public Input<int> DowntimeCeilingMs { get; } = new();

    [Input(Description = "What the bandwidth may be raised to when the copy does not converge, MiB/s; 0: no limit.", DefaultValue = 0, DisplayName = "Bandwidth ceiling, MiB/s")]
    public Input<int> BandwidthCeilingMiBs { get; } = new();

    [Input(Description = "What is tried, in this order, when the copy does not converge: RaiseDowntime, MoreBandwidth, AutoConverge, PostCopy, Suspend, Abort. Empty: RaiseDowntime, Abort.", UiHint = "multitext", DisplayName = "When it does not converge")]
    public Input<string[]> OnNoConvergence { get; } = new();

    [Input(Description = "Wait with the switch-over until this stage has ended. False: the hypervisor switches over by itself, as soon as the longest downtime allows.", DefaultValue = true, DisplayName = "Hold the switch-over", UiHint = "checkbox")]
    public Input<bool> Hold { get; } = new();

    [Input(Description = "The copy counts as not converging after so many rounds (Xen's classic limit is 29).", DefaultValue = 29, DisplayName = "Most rounds")]
    public Input<int> MaxRounds { get; } = new();

    [Input(Description = "The copy counts as not converging when this many times the guest's memory was sent (Xen's classic limit is 3).", DefaultValue = 3.0, DisplayName = "Most data, times the memory")]
    public Input<double> MaxDataFactor { get; } = new();

    [Input(Description = "The copy counts as not converging after this time.", DefaultValue = "00:10:00", DisplayName = "Time limit of the copying")]
    public Input<TimeSpan> PreCopyTimeLimit { get; } = new();

    [Input(Description = "What to do when a host does not answer whose copy of the VM is in doubt: Ask a person, or Fence: leave it to stop-and-copy, which says which host is to be fenced.", DefaultValue = HostLossPolicy.Ask, DisplayName = "When a host is lost")]
    public Input<HostLossPolicy> WhenHostIsLost { get; } = new();

    [Output(Description = "What ended the copy: DirtyPages; Rounds, Data or Time, after which measures helped; PostCopy when the guest went on at the destination; SwitchedOver when the hypervisor had nothing left to send; or HostLost.")]
    public Output<string> StoppedBy { get; } = new();

    [Output(Description = "Rounds so far.")]
    public Output<int> Rounds { get; } = new();

    [Output(Description = "Bytes sent so far.")]
    public Output<long> SentBytes { get; } = new();

    [Output(Description = "How long the guest may stand still now, ms: the longest downtime, or what it was raised to.")]
    public Output<int> DowntimeMs { get; } = new();

    [Output(Description = "The measures that were taken or left out, in sentences; empty when none was needed.")]
    public Output<string> Measures { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new EffectResult.Failed(problem!);
        }

        var (plan, wrong) = PreCopyPlan.Read(context, this, route);
        if (plan is null)
        {
            return new EffectResult.Failed(wrong!);
        }

        var place = await route.LookAsync(context, context.CancellationToken);
        if (place is not MigrationPlace.NotMoved)
        {
            // We have not started anything yet (a step that had is reconciled and joined), so this is somebody else's doing.
            return new EffectResult.Failed(InTheWay(route, place));
        }

        if (context.CancelRequested.IsCancellationRequested)
        {
            return new EffectResult.Failed("The run was cancelled before the copy started.");
        }

        if (!IsOurs(context, await HeldAsync(context, route)))
        {
            return new EffectResult.Failed($"This run does not hold VM {route.Vm}, so another one may move it at the same time. Put 'Reserve capacity' before this step.");
        }

        await context.EnsureOwnedAsync();
        var started = await context.GetRequiredService<IHypervisorDirectory>().Hypervisor(route.Source).StartMigrationAsync(plan.Request, context.CancellationToken);
        if (!started.IsOk)
        {
            return started.Fault.NothingChanged
                ? new EffectResult.Failed($"The migration was not started. {started.Fault}")
                : new EffectResult.Unknown(started.Fault.ToString());
        }

        return await new PreCopyWatch(context, route, plan).RunAsync();
    }

    protected override async Task<EffectResult> JoinAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new EffectResult.Failed(problem!);
        }

        var (plan, wrong) = PreCopyPlan.Read(context, this, route);
        return plan is null ? new EffectResult.Failed(wrong!) : await new PreCopyWatch(context, route, plan).RunAsync();
    }

    /// <summary>The copy that ends as it should: few enough pages are left.</summary>
    protected override EffectResult.Done Predict(PredictionContext context) => new(new JsonObject
    {
        [nameof(StoppedBy)] = "DirtyPages",
        [nameof(Rounds)] = 0,
        [nameof(SentBytes)] = 0,
        [nameof(DowntimeMs)] = context.Get(MaxDowntimeMs),
        [nameof(Measures)] = string.Empty,
    });

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        var place = await route.LookAsync(context, context.CancellationToken);
        return MigrationEnding.OrFence(MigrationEnding.Reconcile(place, PreCopyWatch.SwitchedOver(context.Get(MaxDowntimeMs))), place, context.Get(WhenHostIsLost));
    }

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        var (route, _) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new UndoResult.Undone("Nothing was started.");
        }

        var held = await HeldAsync(context, route);
        if (IsOurs(context, held))
        {
            var returned = await MigrationEnding.ReturnAsync(context, route);
            if (returned is UndoResult.Undone)
            {
                await MigrationEnding.NoteAsync(context, route);
            }

            return returned;
        }

        return held is not null ? new UndoResult.Undone($"Run {held.Holder} moves {route.Vm} now; this run's part in it had come to its end.")
            : await MigrationEnding.ReturnReleasedAsync(context, route);
    }

    private static string InTheWay(MigrationRoute route, MigrationPlace place) => place switch
    {
        MigrationPlace.InFlight => $"VM {route.Vm} is being migrated already, and not by this run. Wait for that migration, or abort it with 'virsh domjobabort {route.Vm}' on {route.Source}.",
        MigrationPlace.Unclear unclear => unclear.Fault.ToString(),
        MigrationPlace.Alarming alarming => alarming.Found,
        MigrationPlace.Moved => $"VM {route.Vm} runs on {route.Destination} already.",
        MigrationPlace.Settling settling => settling.Found,
        _ => $"VM {route.Vm} is paused at {route.Source} by an earlier migration. Look at {route.Destination}; if it has nothing of the VM, resume it.",
    };

    private static Task<Reservation?> HeldAsync(EffectContext context, MigrationRoute route) =>
        context.GetRequiredService<IReservationLedger>().FindAsync(route.Vm, context.CancellationToken);

    private static bool IsOurs(EffectContext context, Reservation? held) => string.Equals(held?.Holder, context.RunId.ToString(), StringComparison.Ordinal);
}
