using Runbooks.Activities.Migration;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Fleet.Scaling;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Scaling;

/// <summary>What every step of a scaling is told: which VM, and on which host.</summary>
internal sealed record ScalingPlace(VmName Vm, HostName Host, IVmScaling Sizes)
{
    /// <summary>Reads the two names, or says which is wrong.</summary>
    public static (ScalingPlace? Place, string? Problem) Read(EffectContext context, Input<string> vm, Input<string> host)
    {
        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        if ((FleetNames.TryVm(context.Get(vm), out var name) ?? FleetNames.TryHost(hosts, context.Get(host), "host", out _)) is { } wrong)
        {
            return (null, wrong);
        }

        var at = new HostName(context.Get(host)!);
        return hosts.Hypervisor(at).Scaling is { } sizes
            ? (new ScalingPlace(name, at, sizes), null)
            : (null, $"Host {at} can't change the sizes of VMs.");
    }

    public Task<Result<VmSize>> LookAsync(EffectContext context) => Sizes.ObserveSizeAsync(Vm, context.CancellationToken);

    public Task<Reservation?> HeldAsync(EffectContext context) =>
        context.GetRequiredService<IReservationLedger>().FindAsync(Vm, context.CancellationToken);

    /// <summary>Null when this run holds the VM, so that nobody moves it or changes its size meanwhile; else what to do.</summary>
    public async Task<string?> WhyNotOursAsync(EffectContext context) =>
        IsOurs(context, await HeldAsync(context)) ? null : $"This run does not hold VM {Vm}, so another one may move it or change its size at the same time. Put 'Reserve scaling' before this step.";

    /// <summary>
    /// Where an undo has its effect: here as long as this run holds the VM. A run that has come to its end holds nothing any
    /// more, and the VM may have moved on. The second value says why there is nowhere.
    /// </summary>
    public async Task<(ScalingPlace? Place, string? Problem)> ForUndoAsync(EffectContext context)
    {
        var held = await HeldAsync(context);
        if (held is not null)
        {
            return IsOurs(context, held) ? (this, null) : (null, $"{Tell(held)} Its size is not changed back before that run has ended.");
        }

        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        foreach (var host in hosts.Hosts.Select(h => h.Name).OrderBy(h => h == Host ? 0 : 1))
        {
            var seen = await hosts.Hypervisor(host).ObserveVmAsync(Vm, context.CancellationToken);
            if (seen is { IsOk: true, Value.State: VmState.Running } && hosts.Hypervisor(host).Scaling is { } sizes)
            {
                return (new ScalingPlace(Vm, host, sizes), null);
            }
        }

        return (null, $"VM {Vm} was not seen running on any host, so its size can't be changed back. Start it, or change its definition.");
    }

    public static bool IsOurs(EffectContext context, Reservation? held) => string.Equals(held?.Holder, context.RunId.ToString(), StringComparison.Ordinal);

    /// <summary>What a reservation of another run means for people.</summary>
    public static string Tell(Reservation held) => held.Source == held.Destination
        ? $"Run {held.Holder} changes the size of VM {held.Vm} on {held.Source} since {held.CreatedAt:u}."
        : $"Run {held.Holder} moves VM {held.Vm} from {held.Source} to {held.Destination} since {held.CreatedAt:u}.";
}

/// <summary>What a host has left, as it is now.</summary>
internal static class HostLook
{
    /// <param name="context">Of the step.</param>
    /// <param name="host">The host.</param>
    /// <param name="except">A VM whose own reservation does not count.</param>
    public static async Task<Result<HostCapacity>> TakeAsync(EffectContext context, HostName host, VmName except)
    {
        // The ledger first: what is reserved and arrives in between is then counted twice, and not left out.
        var held = await context.GetRequiredService<IReservationLedger>().ListAsync(context.CancellationToken);
        var seen = await context.GetRequiredService<IHypervisorDirectory>().Hypervisor(host).ObserveAsync(context.CancellationToken);
        return seen.Map(s => Of(host, s, [.. held.Where(r => r.Destination == host && r.Vm != except)]));
    }

    private static HostCapacity Of(HostName host, HostObservation seen, IReadOnlyList<Reservation> held)
    {
        var there = seen.Vms.Where(v => v.State is VmState.Running or VmState.Paused).ToList();
        return new HostCapacity(host, seen.Cpus, seen.MemoryMiB, there.Sum(v => v.Vcpus), there.Sum(v => v.MemoryMiB), held.Sum(r => r.Vcpus), held.Sum(r => r.MemoryMiB));
    }

    /// <summary>Why VMs on a host are left alone at the moment; null when they are not.</summary>
    public static async Task<string?> WhyClosedAsync(EffectContext context, HostName host)
    {
        var modes = await context.GetRequiredService<IHostModes>().ListAsync(context.CancellationToken);
        return modes.FirstOrDefault(m => m.Host == host) is { } closed
            ? $"Host {host} is {closed.Mode.ToString().ToLowerInvariant()} by {closed.Holder} since {closed.SetAt:u}: {closed.Reason} No VM grows there until that is over."
            : null;
    }
}
