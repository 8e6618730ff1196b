using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Planning;

/// <summary>What a plan is for.</summary>
public enum PlanGoal
{
    /// <summary>As few hosts as carry the VMs safely; the others are switched off.</summary>
    Consolidate,

    /// <summary>A host is switched on, and VMs of the most loaded ones move to it.</summary>
    Deconsolidate,

    /// <summary>Even load in CPU and memory, and as many VMs of each class on each host.</summary>
    Balance,

    /// <summary>Hosts above Load_max get below it, by growing VMs in place or by the fewest and cheapest moves.</summary>
    Relieve,

    /// <summary>One host is emptied, for maintenance.</summary>
    Evacuate,

    /// <summary>One VM gets the best host.</summary>
    Place,

    /// <summary>VMs of a host that failed start elsewhere.</summary>
    Recover,
}

/// <summary>A wish for a plan.</summary>
/// <param name="Goal">What it is for.</param>
public sealed record PlanningRequest(PlanGoal Goal)
{
    /// <summary>The host to evacuate, to relieve or that failed, or the only one to place on; null where the goal needs none.</summary>
    public HostName? Host { get; init; }

    /// <summary>The VM to place; null for the other goals.</summary>
    public VmName? Vm { get; init; }

    /// <summary>Only this pool; null for each pool by itself.</summary>
    public string? Pool { get; init; }

    /// <summary>Most moves; null for no limit.</summary>
    public int? MaxMoves { get; init; }

    /// <summary>Balance stops when the standard deviation of CPU shares is at or below this; null: when no move is worth it.</summary>
    public double? TargetSd { get; init; }

    /// <summary>Says when the time for planning is over; what was found by then is the plan. Null for no limit.</summary>
    public Func<bool>? IsTimeUp { get; init; }
}
