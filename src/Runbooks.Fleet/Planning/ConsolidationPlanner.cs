using System.Collections.Immutable;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Planning;

/// <summary>
/// When a pool's average load is below Load_min: empties its lowest-priority host onto the others and switches it off.
/// Pure and deterministic; one host per plan.
/// </summary>
/// <remarks>
/// <para>Candidates are tried by priority (lowest first), then load, then name; the first whose running VMs all fit
/// elsewhere is taken. Its VMs are placed largest first, each on the fullest host that can still take it within memory
/// headroom, Load_max and vCPU ratio, beside what is there and what is reserved there.</para>
/// <para>Only the emptied host gives and only other hosts take, so capacity is never counted on before it is free: the
/// moves are safe one by one in their order, and stopping after any of them leaves a fleet within its limits.</para>
/// <para>A VM that is shut off does not keep its host on. Its definition stays there, and it cannot be started until the
/// host is on again; the plan says so.</para>
/// </remarks>
public static class ConsolidationPlanner
{
    public const string Goal = "consolidate";

    public static Plan Plan(FleetSnapshot fleet, ConsolidationPolicy policy)
    {
        var pools = policy.Pool is { } only
            ? [only]
            : fleet.Hosts.Select(h => h.Pool).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var refusals = new List<Refusal>();
        var summaries = new List<string>();
        foreach (var pool in pools)
        {
            var emptied = PlanPool(new PoolState(pool, fleet, policy), fleet, policy, refusals, out var summary);
            if (emptied is not null)
            {
                return new Plan(Goal, fleet.Hash(), emptied.Moves, [emptied.Power], [.. refusals], summary);
            }

            summaries.Add(summary);
        }

        var nothing = summaries.Count == 0 ? "The fleet has no hosts." : string.Join(" ", summaries);
        return new Plan(Goal, fleet.Hash(), [], [], [.. refusals], nothing);
    }

    private static Emptied? PlanPool(
        PoolState pool,
        FleetSnapshot fleet,
        ConsolidationPolicy policy,
        List<Refusal> refusals,
        out string summary)
    {
        if (pool.AverageLoad is not { } average)
        {
            summary = pool.Hosts.Count == 0 ? $"There is no pool '{pool.Name}'." : $"Pool '{pool.Name}': no host is on and reachable.";
            return null;
        }

        var (min, on) = (policy.Thresholds.LoadMin, pool.OnAndSeen.Count());
        if (average >= min)
        {
            summary = $"Pool '{pool.Name}': average load {average:0.000} over {on} hosts is not below Load_min {min:0.00}; nothing to do.";
            return null;
        }

        var usable = pool.Usable.Count();
        if (usable <= policy.MinActiveHosts)
        {
            summary = $"Pool '{pool.Name}': average load {average:0.000} is below Load_min {min:0.00}, but {usable} active hosts are not more than the minimum of {policy.MinActiveHosts}; nothing to do.";
            return null;
        }

        var candidates = pool.Hosts
            .OrderBy(h => h.Priority)
            .ThenBy(h => pool.On(h.Name).Load)
            .ThenBy(h => h.Name);
        Emptied? emptied = null;
        foreach (var host in candidates.Where(h => h.Power != PowerState.Off))
        {
            if (WhyNotTouched(host, pool) is { } untouched)
            {
                refusals.Add(new Refusal(host.Name.Value, untouched));
            }
            else if (emptied is not null)
            {
                refusals.Add(new Refusal(host.Name.Value, $"One host per plan: {emptied.Power.Host} comes first (lower priority, or the same and less loaded)."));
            }
            else if (HostEmptying.Try(pool.On(host.Name), new PoolState(pool.Name, fleet, policy), fleet, out var reasons) is { } moves)
            {
                emptied = new Emptied(moves, PowerOff(host, pool.On(host.Name), moves.Length));
            }
            else
            {
                refusals.AddRange(reasons.Select(reason => new Refusal(host.Name.Value, reason)));
            }
        }

        summary = emptied is null
            ? $"Pool '{pool.Name}': average load {average:0.000} is below Load_min {min:0.00}, but no host can be emptied; each refusal says why."
            : $"Pool '{pool.Name}': average load {average:0.000} over {on} hosts is below Load_min {min:0.00}; {emptied.Power.Host} is emptied by {emptied.Moves.Length} moves and switched off, {usable - 1} active hosts stay on.";
        return emptied;
    }

    /// <summary>Why the automation keeps its hands off a host altogether.</summary>
    private static string? WhyNotTouched(Host host, PoolState pool) => host switch
    {
        { Power: PowerState.Unknown } => $"Nobody could tell whether it is on. {host.Problem}".TrimEnd(),
        { Reachable: false } => $"It does not answer, so what runs there is not known. {host.Problem}".TrimEnd(),
        { Mode: HostMode.Maintenance } => "It is in maintenance; the automation leaves it alone.",
        { Mode: HostMode.Cordoned } => "It is cordoned: another run is at work on it.",
        _ when pool.On(host.Name).Arriving is [var first, ..] => $"VM {first.Vm} is on its way to it (held by {first.Holder}).",
        _ when pool.On(host.Name).Leaving is [var first, ..] => $"VM {first.Vm} is held by {first.Holder} for its move to {first.Destination}.",
        _ => null,
    };

    private static PowerAction PowerOff(Host host, HostBurden burden, int moves)
    {
        var stays = burden.Vms.Where(v => v.State == VmState.ShutOff).Select(v => v.Name.Value).ToList();
        var why = moves == 0 ? "No VM runs on it" : "All its running VMs fit elsewhere";
        var definitions = stays.Count == 0
            ? string.Empty
            : $" Shut-off VMs stay defined there and cannot be started until it is on again: {string.Join(", ", stays)}.";
        return new PowerAction(host.Name, PowerState.Off, $"{why}, and its priority {host.Priority} is the lowest that can be emptied.{definitions}");
    }

    private sealed record Emptied(ImmutableArray<Move> Moves, PowerAction Power);
}
