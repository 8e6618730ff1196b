using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Networks;

/// <summary>What became of the networks that were to go.</summary>
/// <param name="Removed">They are gone.</param>
/// <param name="Kept">They stay, and why.</param>
/// <param name="Unknown">What could not be found out; null when all is known.</param>
internal sealed record Tidied(IReadOnlyList<HostNetwork> Removed, IReadOnlyList<(HostNetwork Network, string Why)> Kept, HypervisorFault? Unknown);

/// <summary>
/// Removes networks that we made and nobody uses. A VM on its way to the host is not plugged in yet, so its reservation is
/// looked for after the network was retired: whoever brings a VM reserves first and looks for the network afterwards, so
/// one of the two sees the other. See <see cref="IHostNetworks"/>.
/// </summary>
internal static class NetworkTidying
{
    /// <param name="context">The step.</param>
    /// <param name="host">The host.</param>
    /// <param name="candidates">Networks that may be needless, those that others lead out by first.</param>
    public static async Task<Tidied> TidyAsync(EffectContext context, IHypervisor host, IReadOnlyList<HostNetwork> candidates)
    {
        var networks = host.Networks!;
        var removed = new List<HostNetwork>();
        var kept = new List<(HostNetwork, string)>();

        // What leads out by another one goes before it.
        foreach (var network in candidates.Where(c => c.IsOurs).Reverse())
        {
            await context.EnsureOwnedAsync();
            var retired = await networks.RetireAsync(network, context.CancellationToken);
            var fault = retired.Fault;
            if (fault is null && await WhoNeedsAsync(context, host.Host, network) is { } user)
            {
                await context.EnsureOwnedAsync();
                fault = (await networks.CreateAsync(network, context.CancellationToken)).Fault ?? new HypervisorFault(FaultKind.Refused, host.Host, user);
            }

            if (fault is null)
            {
                await context.EnsureOwnedAsync();
                fault = (await networks.RemoveAsync(network, context.CancellationToken)).Fault;
            }

            if (fault is { NothingChanged: false })
            {
                return new Tidied(removed, kept, fault);
            }

            if (fault is null)
            {
                removed.Add(network);
            }
            else
            {
                kept.Add((network, fault.ToString()));
            }
        }

        return new Tidied(removed, kept, null);
    }

    /// <summary>
    /// Networks of ours on a host that a VM needed there, those that others lead out by first. What they lead out by is
    /// looked up on the other host too: on this one a part of them may be gone already.
    /// </summary>
    public static IReadOnlyList<HostNetwork> Candidates(IReadOnlyList<VmInterface> interfaces, IReadOnlyList<HostNetwork> onHost, IReadOnlyList<HostNetwork> onOther) =>
        [.. NetworkPlan.NeededBy(interfaces, onHost).Concat(NetworkPlan.NeededBy(interfaces, onOther))
            .Select(n => NetworkPlan.Find(onHost, n.Kind, n.Name)).OfType<HostNetwork>()
            .Where(n => n.IsOurs).Distinct().OrderBy(n => n.Kind)];

    /// <summary>Removes what a VM that has left a host needed there.</summary>
    public static async Task<Result<Tidied>> TidyAfterAsync(EffectContext context, VmName vm, IHypervisor left, IHypervisor now)
    {
        var candidates = await CandidatesAsync(context, vm, left, now);
        return candidates.IsOk ? await TidyAsync(context, left, candidates.Value) : candidates.Fault;
    }

    /// <summary>What a VM that has left a host needed there, is still there, and nobody needs. Only looks.</summary>
    public static async Task<Result<List<HostNetwork>>> LeftBehindAsync(EffectContext context, VmName vm, IHypervisor left, IHypervisor now)
    {
        var candidates = await CandidatesAsync(context, vm, left, now);
        if (!candidates.IsOk || candidates.Value.Length == 0)
        {
            return candidates.Map(_ => new List<HostNetwork>());
        }

        var (host, onHost) = (await left.ObserveAsync(context.CancellationToken), await left.Networks!.ObserveAsync(context.CancellationToken));
        if ((host.Fault ?? onHost.Fault) is { } fault)
        {
            return fault;
        }

        var plugs = await Task.WhenAll(host.Value.Vms.Select(v => left.Networks!.ReadInterfacesAsync(v.Name, context.CancellationToken)));
        if (plugs.FirstOrDefault(p => p.Fault is { Kind: not FaultKind.NotFound }) is { } lost)
        {
            return lost.Fault!;
        }

        var used = NetworkPlan.NeededBy(plugs.Where(p => p.IsOk).SelectMany(p => p.Value), onHost.Value);
        var needless = new List<HostNetwork>();
        foreach (var network in candidates.Value)
        {
            if (network.IsRetired || (NetworkPlan.Find(used, network.Kind, network.Name) is null && await WhoNeedsAsync(context, left.Host, network) is null))
            {
                needless.Add(network);
            }
        }

        return needless;
    }

    private static async Task<Result<HostNetwork[]>> CandidatesAsync(EffectContext context, VmName vm, IHypervisor left, IHypervisor now)
    {
        if (left.Networks is null || now.Networks is null)
        {
            return Array.Empty<HostNetwork>();
        }

        var (here, there) = (left.Networks.ObserveAsync(context.CancellationToken), now.Networks.ObserveAsync(context.CancellationToken));
        var interfaces = await now.Networks.ReadInterfacesAsync(vm, context.CancellationToken);
        var (onHost, onOther) = (await here, await there);
        return (interfaces.Fault ?? onHost.Fault ?? onOther.Fault) is { } fault
            ? fault
            : Candidates(interfaces.Value, onHost.Value, onOther.Value).ToArray();
    }

    /// <summary>Who is on the way to the host and needs the network, or might; null for nobody.</summary>
    private static async Task<string?> WhoNeedsAsync(EffectContext context, HostName host, HostNetwork network)
    {
        var coming = (await context.GetRequiredService<IReservationLedger>().ListAsync(context.CancellationToken))
            .Where(r => r.Destination == host && !string.Equals(r.Holder, context.RunId.ToString(), StringComparison.Ordinal));
        foreach (var reservation in coming)
        {
            var hosts = context.GetRequiredService<IHypervisorDirectory>();
            if (!hosts.Hosts.Any(h => h.Name == reservation.Source) || hosts.Hypervisor(reservation.Source).Networks is not { } there)
            {
                return $"{NetworkPlan.Name(network)} stays: VM {reservation.Vm} is on its way here, and what it needs can't be asked of {reservation.Source}.";
            }

            // It may have arrived by now; then it is plugged in here, and that is what refuses the removal.
            var plugs = await there.ReadInterfacesAsync(reservation.Vm, context.CancellationToken);
            if (!plugs.IsOk && plugs.Fault.Kind != FaultKind.NotFound)
            {
                return $"{NetworkPlan.Name(network)} stays: VM {reservation.Vm} is on its way here, and what it needs is not known. {plugs.Fault}";
            }

            // By name alone: the virtual network that leads out by this bridge may only be about to be made.
            var seen = await there.ObserveAsync(context.CancellationToken);
            if (plugs.IsOk && (!seen.IsOk || NetworkPlan.Find(NetworkPlan.NeededBy(plugs.Value, seen.Value), network.Kind, network.Name) is not null))
            {
                return $"{NetworkPlan.Name(network)} stays: VM {reservation.Vm} is on its way here and needs it.";
            }
        }

        return null;
    }
}
