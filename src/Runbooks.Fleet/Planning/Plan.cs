using System.Collections.Immutable;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Planning;

/// <summary>One VM goes from one host to another.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="From">The host that it runs on.</param>
/// <param name="To">The host that it goes to.</param>
/// <param name="MemoryMiB">Memory to be held at the destination, MiB.</param>
/// <param name="Reason">Why this VM goes there, for people.</param>
public sealed record Move(VmName Vm, HostName From, HostName To, int MemoryMiB, string Reason)
{
    /// <summary>Moves of one wave may run at once; the next wave starts when all of them have ended. From 1; 0 when the plan has no waves.</summary>
    public int Wave { get; init; }

    /// <summary>How long it is expected to take, seconds; 0 when not estimated.</summary>
    public double Seconds { get; init; }

    /// <summary>What it brings and costs, and what else was looked at; null when the planner does not say.</summary>
    public MoveDetail? Detail { get; init; }
}

/// <summary>Why a move is worth making.</summary>
/// <param name="Gain">By how much the goal's figure gets better through this move; see <paramref name="GainIn"/>.</param>
/// <param name="GainIn">What the gain is counted in, for example <c>watts</c>.</param>
/// <param name="MiB">Memory expected to be sent, rounds included, MiB.</param>
/// <param name="Alternatives">Other hosts that were looked at, nearest first, and why each lost.</param>
public sealed record MoveDetail(double Gain, string GainIn, double MiB, ImmutableArray<Alternative> Alternatives);

/// <summary>A host that was looked at for a move and not taken.</summary>
/// <param name="Host">The host.</param>
/// <param name="Blocked">Constraints that forbid it; empty when it was possible and only worse.</param>
/// <param name="Why">Why it lost, with the numbers.</param>
public sealed record Alternative(HostName Host, ImmutableArray<Constraint> Blocked, string Why);

/// <summary>A host is switched on before the moves of a wave, or off after them.</summary>
public sealed record PowerAction(HostName Host, PowerState Target, string Reason)
{
    /// <summary>The wave before (on) or after (off) which it happens; 0 is before everything.</summary>
    public int Wave { get; init; }
}

/// <summary>A VM gets more vCPUs where it is.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Vcpus">vCPUs that it has afterwards.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record Growth(VmName Vm, int Vcpus, string Reason);

/// <summary>Something that the planner considered and did not do.</summary>
/// <param name="Subject">The host or VM that it is about.</param>
/// <param name="Reason">What stands in the way, with the numbers.</param>
public sealed record Refusal(string Subject, string Reason)
{
    /// <summary>What blocks it, as data; null when it is not about constraints.</summary>
    public Blockade? Blockade { get; init; }
}

/// <summary>Ordered moves and power actions with their reasons. Valid for the fleet whose hash it carries.</summary>
public sealed record Plan(
    string Goal,
    string FleetHash,
    ImmutableArray<Move> Moves,
    ImmutableArray<PowerAction> Power,
    ImmutableArray<Refusal> Refusals,
    string Summary)
{
    /// <summary>VMs that grow in place, each as soon as no move of its own or of its host is left.</summary>
    public ImmutableArray<Growth> Growths { get; init; } = [];

    /// <summary>The fleet before the plan; null when the planner does not say.</summary>
    public FleetFigures? Before { get; init; }

    /// <summary>The fleet after the plan; null when the planner does not say.</summary>
    public FleetFigures? After { get; init; }

    public bool IsEmpty => Moves.IsEmpty && Power.IsEmpty && Growths.IsEmpty;
}
