using Runbooks.Activities.Consolidation;
using Runbooks.Activities.Migration;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Observation;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Power;

/// <summary>
/// Switches a host that can't be asked off and on again, so that nothing runs on it any more and it can be asked. Only its
/// definitions, which outlive that, tell whether a VM had arrived.
/// </summary>
/// <remarks>
/// A host that answers is left alone: the doubt is over. So is one on which other VMs were last seen, or of which nothing
/// was ever seen, unless <see cref="EvenWithOtherVms"/> allows it: they would die.
/// </remarks>
[Activity("Runbooks", "Runbooks: Hosts", "Switches a host that does not answer off and on again, so that no lost copy of a VM runs on it.", DisplayName = "Fence host")]
public sealed class FenceHost : IrreversibleActivity
{
    public override string NoUndoReason => "What ran on the host has ended, and it is on again.";

    [Input(Description = "The host that does not answer.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Host { get; } = new();

    [Input(Description = "The VM whose copy there is in doubt; it does not count as another VM.", DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "Fence the host also when other VMs may run on it, which ends them.", DefaultValue = false, DisplayName = "Even with other VMs", UiHint = "checkbox")]
    public Input<bool> EvenWithOtherVms { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        if (FleetHost.Read(context, Host, out var host) is { } problem)
        {
            return new EffectResult.Failed(problem);
        }

        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        if ((await hosts.Hypervisor(host).ObserveAsync(context.CancellationToken)).IsOk)
        {
            return new EffectResult.Done();
        }

        if (!context.Get(EvenWithOtherVms) && await WhoElseAsync(context, host) is { } others)
        {
            return new EffectResult.Unknown($"Host {host} was not fenced: {others} Reach the host, or move what it runs, or switch it off and on yourself; then retry.");
        }

        // Off first, and seen to be off: a host that was told to restart may not have ended what runs on it.
        var off = await HostSwitch.TurnAsync(context, host, PowerState.Off);
        return off is EffectResult.Done ? await HostSwitch.TurnAsync(context, host, PowerState.On) : Unfenced(host, off);
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        if (FleetHost.Read(context, Host, out var host) is { } problem)
        {
            return new Reconciliation.NotDone(problem);
        }

        var seen = await context.GetRequiredService<IHypervisorDirectory>().Hypervisor(host).ObserveAsync(context.CancellationToken);
        return seen.IsOk ? new Reconciliation.Done() : new Reconciliation.NotDone($"Host {host} does not answer. {seen.Fault}");
    }

    /// <summary>A host that could not be switched off is as lost as before; nothing may be concluded from that.</summary>
    private static EffectResult Unfenced(HostName host, EffectResult off) => off switch
    {
        EffectResult.Failed { Reason: var reason } => new EffectResult.Unknown($"Host {host} could not be fenced, so it may still run the VM. {reason}"),
        _ => off,
    };

    /// <summary>What would die with the host; null when nothing would.</summary>
    private async Task<string?> WhoElseAsync(EffectContext context, HostName host)
    {
        var moving = FleetNames.TryVm(context.Get(Vm), out var name) is null ? name : (VmName?)null;
        var fleet = (await context.GetRequiredService<FleetObserver>().ObserveAsync(context.CancellationToken)).Snapshot;
        if (fleet.Hosts.FirstOrDefault(h => h.Name == host) is not { MemoryMiB: > 0 })
        {
            return "it has not answered since this server started, so nobody knows what runs on it.";
        }

        var running = fleet.VmsOn(host).Where(v => v.Name != moving && v.State is not (VmState.ShutOff or VmState.Crashed)).Select(v => v.Name.Value);
        var held = await context.GetRequiredService<IReservationLedger>().ListAsync(context.CancellationToken);
        var moves = held.Where(r => r.Vm != moving && (r.Source == host || r.Destination == host)).Select(r => r.Vm.Value);
        string[] others = [.. running.Concat(moves).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return others.Length == 0 ? null : $"{string.Join(", ", others)} may run on it and would die.";
    }
}
