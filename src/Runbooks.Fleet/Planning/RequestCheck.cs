using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Planning;

/// <summary>Finds the pools that a request is about, and refuses requests that can't be understood.</summary>
internal static class RequestCheck
{
    public static IReadOnlyList<string> Pools(FleetSnapshot fleet, PlanningRequest request)
    {
        if (request.Host is { } host && fleet.FindHost(host) is null)
        {
            throw new ArgumentException($"The fleet has no host '{host}'.", nameof(request));
        }

        if (request.Vm is { } vm && fleet.FindVm(vm) is null)
        {
            throw new ArgumentException($"The fleet has no VM '{vm}'.", nameof(request));
        }

        if (request.Goal is PlanGoal.Evacuate or PlanGoal.Recover && request.Host is null)
        {
            throw new ArgumentException($"The goal '{Name(request)}' needs a host: name the one to empty.", nameof(request));
        }

        if (request.Goal == PlanGoal.Place && request.Vm is null)
        {
            throw new ArgumentException("The goal 'place' needs a VM: name the one to place.", nameof(request));
        }

        var pools = fleet.Hosts.Select(h => h.Pool).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (request.Pool is { } pool)
        {
            return pools.Contains(pool, StringComparer.Ordinal) ? [pool] : throw new ArgumentException($"There is no pool '{pool}'.", nameof(request));
        }

        return PoolOf(fleet, request) is { } one ? [one] : pools;
    }

    /// <summary>The pool of the host or VM that is named; null when none is, or when the VM is on no host yet.</summary>
    private static string? PoolOf(FleetSnapshot fleet, PlanningRequest request)
    {
        if (request.Host is { } host)
        {
            return fleet.FindHost(host)!.Pool;
        }

        return request.Vm is { } vm && fleet.FindVm(vm)!.Host is var at && at != default ? fleet.FindHost(at)?.Pool : null;
    }

    private static string Name(PlanningRequest request) => request.Goal.ToString().ToLowerInvariant();
}
