using System.Collections.Immutable;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning;

/// <summary>What beside capacity decides whether a VM may run on a host of its pool.</summary>
internal sealed class PlacementRules
{
    private readonly IReadOnlyList<Host> hosts;
    private readonly IReadOnlyList<Vm> vms;
    private readonly PlannerPolicy policy;
    private readonly Dictionary<string, List<int>> together = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<int>> apart = new(StringComparer.Ordinal);
    private readonly bool[] binds;

    public PlacementRules(IReadOnlyList<Host> hosts, IReadOnlyList<Vm> vms, PlannerPolicy policy)
    {
        this.hosts = hosts;
        this.vms = vms;
        this.policy = policy;
        var isMixed = hosts.Select(h => h.Traits.Hypervisor).Distinct(StringComparer.Ordinal).Skip(1).Any();
        binds = [.. vms.Select(v => isMixed || Restricts(v.Traits))];
        for (var v = 0; v < vms.Count; v++)
        {
            Join(together, vms[v].Traits.Together, v);
            Join(apart, vms[v].Traits.Apart, v);
        }
    }

    /// <summary>Anything beside capacity limits where this VM may run.</summary>
    public bool Binds(int vm) => binds[vm];

    /// <summary>VMs that move with this one, itself included, in the order of the fleet.</summary>
    public IReadOnlyList<int> UnitOf(int vm) => vms[vm].Traits.Together is { } group ? together[group] : [vm];

    /// <summary>No rule forbids the host. With <paramref name="isWhole"/> all VMs that must be together move together, so that rule is not asked.</summary>
    public bool Allow(int vm, int host, DenseFleet fleet, bool isWhole = false) => !Binds(vm) || !Broken(vm, host, fleet, isWhole).Any();

    /// <summary>The rules that forbid the host.</summary>
    public IEnumerable<Constraint> Broken(int vm, int host, DenseFleet fleet, bool isWhole = false)
    {
        if (!Binds(vm))
        {
            yield break;
        }

        var (needs, has) = (vms[vm].Traits, hosts[host].Traits);
        if (!MayCross(vm, host))
        {
            yield return Constraint.Hypervisor;
        }

        if (needs.CpuModel is { } cpu && !has.CpuModels.IsDefault && !has.CpuModels.Contains(cpu, StringComparer.Ordinal))
        {
            yield return Constraint.CpuBaseline;
        }

        if (!Reaches(needs.Storage, has.Storage))
        {
            yield return Constraint.Storage;
        }

        if (!Reaches(needs.Networks, has.Networks))
        {
            yield return Constraint.Network;
        }

        if (!needs.Pinned.IsDefaultOrEmpty && !needs.Pinned.Contains(hosts[host].Name))
        {
            yield return Constraint.Pinned;
        }

        if (!needs.Excluded.IsDefaultOrEmpty && needs.Excluded.Contains(hosts[host].Name))
        {
            yield return Constraint.Excluded;
        }

        if (!isWhole && needs.Together is { } group && together[group].Exists(v => v != vm && fleet.HostOf(v) >= 0 && fleet.HostOf(v) != host))
        {
            yield return Constraint.Together;
        }

        if (needs.Apart is { } rivals && apart[rivals].Exists(v => v != vm && fleet.HostOf(v) == host))
        {
            yield return Constraint.Apart;
        }
    }

    /// <summary>Share of the tags that a VM prefers which a host has; 1 when it prefers none.</summary>
    public double Preference(int vm, int host)
    {
        var wishes = vms[vm].Traits.Prefers;
        if (wishes.IsDefaultOrEmpty)
        {
            return 1;
        }

        var tags = hosts[host].Traits.Tags;
        return tags.IsDefaultOrEmpty ? 0 : wishes.Count(t => tags.Contains(t, StringComparer.Ordinal)) / (double)wishes.Length;
    }

    private static bool Restricts(VmTraits t) =>
        t is not { Hypervisor: null, CpuModel: null, Together: null, Apart: null }
        || !t.Storage.IsDefaultOrEmpty
        || !t.Networks.IsDefaultOrEmpty
        || !t.Pinned.IsDefaultOrEmpty
        || !t.Excluded.IsDefaultOrEmpty
        || !t.Prefers.IsDefaultOrEmpty;

    private bool MayCross(int vm, int host)
    {
        var to = hosts[host].Traits.Hypervisor;
        if (to is null)
        {
            return true;
        }

        var made = vms[vm].Traits.Hypervisor;
        var from = made ?? hosts.FirstOrDefault(h => h.Name == vms[vm].Host)?.Traits.Hypervisor;
        return from is null || from == to || policy.HypervisorPairs.Contains((from, to));
    }

    private static bool Reaches(ImmutableArray<string> needs, ImmutableArray<string> has) =>
        needs.IsDefaultOrEmpty || has.IsDefault || needs.All(n => has.Contains(n, StringComparer.Ordinal));

    private static void Join(Dictionary<string, List<int>> groups, string? name, int vm)
    {
        if (name is not null)
        {
            if (!groups.TryGetValue(name, out var members))
            {
                groups[name] = members = [];
            }

            members.Add(vm);
        }
    }
}
