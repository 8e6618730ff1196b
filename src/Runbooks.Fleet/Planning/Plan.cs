using System.Collections.Immutable;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Planning;

/// <summary>One VM goes from one host to another.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="From">The host that it runs on.</param>
/// <param name="To">The host that it goes to.</param>
/// <param name="MemoryMiB">Memory to be held at the destination, MiB.</param>
/// <param name="Reason">Why this VM goes there, for people.</param>
public sealed record Move(VmName Vm, HostName From, HostName To, int MemoryMiB, string Reason);

/// <summary>A host is switched on or off after the moves.</summary>
public sealed record PowerAction(HostName Host, PowerState Target, string Reason);

/// <summary>Something that the planner considered and did not do.</summary>
/// <param name="Subject">The host or VM that it is about.</param>
/// <param name="Reason">What stands in the way, with the numbers.</param>
public sealed record Refusal(string Subject, string Reason);

/// <summary>Ordered moves and power actions with their reasons. Valid for the fleet whose hash it carries.</summary>
public sealed record Plan(
    string Goal,
    string FleetHash,
    ImmutableArray<Move> Moves,
    ImmutableArray<PowerAction> Power,
    ImmutableArray<Refusal> Refusals,
    string Summary)
{
    public bool IsEmpty => Moves.IsEmpty && Power.IsEmpty;
}
