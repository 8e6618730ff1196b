using Runbooks.Activities.Consolidation;
using Runbooks.Activities.Scaling;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Power;

/// <summary>Why a host may not be switched off, or that it is off already.</summary>
internal sealed record Occupied(bool IsOff, string Reason);

/// <summary>Turning hosts on and off, and making sure of it.</summary>
internal static class HostSwitch
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>A machine boots in minutes; a host that does not answer after this needs a person.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Null when the host was just seen on, without a running or paused VM, and no move has anything to do with it.</summary>
    public static async Task<Occupied?> WhyNotEmptyAsync(EffectContext context, HostName host)
    {
        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        var seen = await hosts.Hypervisor(host).ObserveAsync(context.CancellationToken);
        if (!seen.IsOk)
        {
            var power = await hosts.Power(host).ObserveAsync(context.CancellationToken);
            return power is { IsOk: true, Value: PowerState.Off }
                ? new Occupied(true, $"Host {host} is off.")
                : new Occupied(false, $"Host {host} was not switched off, because nobody can see whether VMs run on it. {seen.Fault}");
        }

        var left = seen.Value.Vms.Where(v => v.State is not (VmState.ShutOff or VmState.Crashed)).Select(v => $"{v.Name} ({v.State}, {v.StateReason})").ToArray();
        if (left.Length > 0)
        {
            return new Occupied(false, $"Host {host} was not switched off: {string.Join(", ", left)} {(left.Length == 1 ? "is" : "are")} still on it.");
        }

        // A move that has not come to its end has to ask both of its hosts, also the one on which nothing runs any more.
        var held = await context.GetRequiredService<IReservationLedger>().ListAsync(context.CancellationToken);
        return held.FirstOrDefault(r => r.Source == host || r.Destination == host) is { } move
            ? new Occupied(false, $"Host {host} was not switched off. {ScalingPlace.Tell(move)} Wait for that run, or bring it to its end.")
            : null;
    }

    /// <summary>Turns the power and waits until the host is off, or on and answering.</summary>
    public static async Task<EffectResult> TurnAsync(EffectContext context, HostName host, PowerState target)
    {
        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        var power = hosts.Power(host);

        // Here, for doing and undoing alike: a worker that was frozen since it looked must not switch a host that is in use again.
        await context.EnsureOwnedAsync();
        var told = target == PowerState.Off ? await power.PowerOffAsync(context.CancellationToken) : await power.PowerOnAsync(context.CancellationToken);
        if (!told.IsOk)
        {
            return told.Fault.NothingChanged ? new EffectResult.Failed($"Host {host} could not be switched {target}. {told.Fault}") : new EffectResult.Unknown(told.Fault.ToString());
        }

        var until = context.Clock.GetUtcNow() + Limit;
        while (true)
        {
            var seen = await power.ObserveAsync(context.CancellationToken);
            if (seen is { IsOk: true } && seen.Value == target
                && (target == PowerState.Off || (await hosts.Hypervisor(host).ObserveAsync(context.CancellationToken)).IsOk))
            {
                return new EffectResult.Done();
            }

            if (context.Clock.GetUtcNow() >= until)
            {
                return new EffectResult.Unknown($"Host {host} was told to go {target}, and after {Limit.TotalMinutes:0} minutes it is {(seen.IsOk ? seen.Value.ToString() : seen.Fault.ToString())} and does not answer as expected. Look at its console.");
            }

            await Task.Delay(Pause, context.Clock, context.CancellationToken);
        }
    }

    public static async Task<Reconciliation> ReconcileAsync(EffectContext context, Input<string> input, PowerState target)
    {
        if (FleetHost.Read(context, input, out var host) is { } problem)
        {
            return new Reconciliation.NotDone(problem);
        }

        var seen = await context.GetRequiredService<IHypervisorDirectory>().Power(host).ObserveAsync(context.CancellationToken);
        return seen switch
        {
            { IsOk: false } => new Reconciliation.Unknown(seen.Fault.ToString()),
            { Value: PowerState.Unknown } => new Reconciliation.Unknown($"Nobody can tell whether host {host} is on."),
            _ when seen.Value == target && target == PowerState.Off => new Reconciliation.Done(),
            _ when seen.Value == target => new Reconciliation.NotDone($"Host {host} is on; whether it answers is seen by doing it again."),
            _ => new Reconciliation.NotDone($"Host {host} is {seen.Value}."),
        };
    }
}
