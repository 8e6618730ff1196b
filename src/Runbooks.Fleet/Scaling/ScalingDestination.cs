using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Planning.Goals;

namespace Runbooks.Fleet.Scaling;

/// <summary>The host to which a VM goes that can't grow where it is.</summary>
/// <param name="Host">The host; null when there is none.</param>
/// <param name="Reason">Why this one, or why none.</param>
public sealed record ScalingDestination(HostName? Host, string Reason)
{
    /// <summary>Finds it by the planner's own rules and score: the host that would be best for the VM if it had the new size.</summary>
    /// <param name="fleet">The fleet as it is.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="from">Its size: that is what arrives.</param>
    /// <param name="to">The size that it is to have there.</param>
    /// <param name="policy">The planner's policy.</param>
    public static ScalingDestination Find(FleetSnapshot fleet, VmName vm, VmScale from, VmScale to, PlannerPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        if (fleet.FindVm(vm) is not { } found || fleet.FindHost(found.Host) is not { } home)
        {
            return new ScalingDestination(null, $"VM {vm} is not in the picture of the fleet.");
        }

        // It arrives with the size that it has, and stays with the one that it is to have: there must be room for either.
        var bigger = found with { Vcpus = Math.Max(from.Vcpus, to.Vcpus), MemoryMiB = Math.Max(from.MemoryMiB, to.MemoryMiB) };
        var asIf = new FleetSnapshot(fleet.TakenAt, fleet.Hosts, fleet.Vms.Select(v => v.Name == vm ? bigger : v), fleet.Reservations);
        var model = new PoolModel(home.Pool, asIf, policy, new PlanningRequest(PlanGoal.Place) { Vm = vm });
        var index = Enumerable.Range(0, model.Vms.Count).FirstOrDefault(v => model.Vms[v].Name == vm, -1);
        if (index < 0 || !model.IsMovable(index))
        {
            return new ScalingDestination(null, index < 0 ? $"VM {vm} does not run." : model.Fixed(index).Reason);
        }

        var ranked = Place.Ranked(model, index).Where(r => model.Hosts[r.Host].Cpus >= bigger.Vcpus).ToList();
        return ranked.Count == 0
            ? new ScalingDestination(null, model.NoHostFor(index, $"No host takes it with {to}").Reason)
            : new ScalingDestination(model.Hosts[ranked[0].Host].Name, $"{model.Hosts[ranked[0].Host].Name} is the best host for VM {vm} with {to}.");
    }
}
