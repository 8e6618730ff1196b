using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;

namespace Runbooks.Fleet.Energy;

/// <summary>What changes cost beside the power of hosts.</summary>
/// <param name="JoulesPerMiB">Energy of a migration for each MiB sent, joules.</param>
/// <param name="JoulesPerMove">Energy of a migration beside that, joules.</param>
/// <param name="SwitchOnJoules">Energy of switching a host on, joules.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ChangeEnergy(double JoulesPerMiB, double JoulesPerMove, double SwitchOnJoules);

/// <summary>The power of a fleet before and after a plan, and the energy of carrying it out.</summary>
/// <param name="WattsBefore">Power without the plan, watts: what not acting draws.</param>
/// <param name="WattsAfter">Power after it, at the same loads, watts.</param>
/// <param name="ChangeJoules">Energy of its moves and switching on, joules.</param>
/// <param name="NotCounted">Hosts whose power table or state is unknown; they are in no figure.</param>
public sealed record PlanEnergy(double WattsBefore, double WattsAfter, double ChangeJoules, ImmutableArray<HostName> NotCounted)
{
    /// <summary>Energy of not having acted for a time, kWh.</summary>
    public double KwhWithout(TimeSpan time) => WattsBefore * time.TotalSeconds / 3.6e6;

    /// <summary>Energy of the plan and of a time after it, kWh.</summary>
    public double KwhWith(TimeSpan time) => ((WattsAfter * time.TotalSeconds) + ChangeJoules) / 3.6e6;

    /// <summary>How long the loads must stay as they are until the plan has paid; null when it never does.</summary>
    public TimeSpan? PaysAfter => WattsBefore > WattsAfter ? TimeSpan.FromSeconds(ChangeJoules / (WattsBefore - WattsAfter)) : null;

    /// <param name="fleet">The fleet that the plan was made for.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="curveOf">The power table of a host; null when unknown.</param>
    /// <param name="change">What moves and switching on cost.</param>
    public static PlanEnergy Of(FleetSnapshot fleet, Plan plan, Func<HostName, PowerCurve?> curveOf, ChangeEnergy change)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(curveOf);
        var moved = plan.Moves.GroupBy(m => m.Vm).ToDictionary(g => g.Key, g => g.Last().To);
        var power = plan.Power.GroupBy(p => p.Host).ToDictionary(g => g.Key, g => g.Last().Target);
        var usedBefore = Used(fleet, v => v.Host);
        var usedAfter = Used(fleet, v => moved.GetValueOrDefault(v.Name, v.Host));
        var (before, after, unknown) = (0.0, 0.0, ImmutableArray.CreateBuilder<HostName>());
        foreach (var host in fleet.Hosts)
        {
            if (curveOf(host.Name) is not { } curve || host.Power == PowerState.Unknown || host.Cpus <= 0)
            {
                unknown.Add(host.Name);
                continue;
            }

            before += Watts(curve, host, host.Power, usedBefore);
            after += Watts(curve, host, power.GetValueOrDefault(host.Name, host.Power), usedAfter);
        }

        var joules = plan.Moves.Sum(m => (m.MemoryMiB * change.JoulesPerMiB) + change.JoulesPerMove)
            + (plan.Power.Count(p => p.Target == PowerState.On) * change.SwitchOnJoules);
        return new PlanEnergy(before, after, joules, unknown.ToImmutable());
    }

    private static double Watts(PowerCurve curve, Host host, PowerState state, Dictionary<HostName, double> used) =>
        state == PowerState.On ? curve.At(used.GetValueOrDefault(host.Name) / host.Cpus) : 0;

    /// <summary>CPUs that the running VMs of each host use; a VM whose load is not known yet counts as idle.</summary>
    private static Dictionary<HostName, double> Used(FleetSnapshot fleet, Func<Vm, HostName> place) => fleet.Vms
        .Where(v => v.State == VmState.Running)
        .GroupBy(place)
        .ToDictionary(g => g.Key, g => g.Sum(v => (v.CpuLoad ?? 0) * v.Vcpus));
}
