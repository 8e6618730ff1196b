namespace Runbooks.Fleet.Simulation.Policies;

/// <summary>What the policy <c>runbooks</c> goes by. One set serves all fleets; the defaults are that set.</summary>
public sealed record RunbooksOptions
{
    /// <summary>Samples of the past that count, 1 or more.</summary>
    public int Window { get; init; } = 48;

    /// <summary>Newest samples that say how high the fleet's load is now, 1 or more: the past is raised or lowered to it.</summary>
    public int Recent { get; init; } = 12;

    /// <summary>Newest samples that say how high the load of each VM is now, 1 or more.</summary>
    public int OwnRecent { get; init; } = 6;

    /// <summary>How far the past of a VM is brought to its own level of now, 0 (not) to 1 (fully): part of that level is noise.</summary>
    public double OwnLevel { get; init; } = 0.5;

    /// <summary>Samples that the whole fleet's behaviour counts for in the spread of each VM, above 0.</summary>
    public double FleetSamples { get; init; } = 4;

    /// <summary>With this many samples half of a host's spread is taken from the past itself and half from the VMs' variances, above 0.</summary>
    public double SmoothSamples { get; init; } = 12;

    /// <summary>Share of the variance that always smooths the past, 0 to 1: the future is like the past, not the same.</summary>
    public double LeastSmooth { get; init; } = 0.4;

    /// <summary>Standard deviations that must be free above the mean on every host at the first consolidation, when little is known.</summary>
    public double FirstSigmas { get; init; } = 2;

    /// <summary>Share of a host's CPU that the demand at this moment may reach through an arrival, 0 to 1.</summary>
    public double ArrivalShare { get; init; } = 0.9;

    /// <summary>Moves that one second of overload is worth, when VMs to relieve a host are chosen: small memory moves faster.</summary>
    public double MovesPerSecond { get; init; } = 0.2;

    /// <summary>Moves that it is worth, in the same choice, when a whole host's CPU would be lacked for one second.</summary>
    public double MovesPerLackedSecond { get; init; } = 1;

    /// <summary>Steps for which a move is expected to pay: a VM moves when that saves more overloads than one in this time.</summary>
    public double StaySteps { get; init; } = 18;

    /// <summary>Moves per step that only lower the risk.</summary>
    public int BalanceMoves { get; init; } = 2;

    /// <summary>Moves per step when a new host is filled.</summary>
    public int FillMoves { get; init; } = 10;

    /// <summary>Share of hosts overloaded at a sample up to which a host may be emptied, 0 to 1.</summary>
    public double EmptyBelow { get; init; } = 0.022;

    /// <summary>Share of hosts overloaded at a sample from which one more is switched on; above <see cref="EmptyBelow"/>.</summary>
    public double OpenAbove { get; init; } = 0.08;

    /// <summary>Steps that a host stays on at least.</summary>
    public int HoldSteps { get; init; } = 6;

    /// <summary>What is left of an observation's weight after a step, 0 to 1, when foretold and seen overloads are compared.</summary>
    public double Memory { get; init; } = 0.95;

    /// <summary>Overloads foretold and seen that the comparison begins with: the more, the longer it trusts the forecast.</summary>
    public double Trust { get; init; } = 10;
}
