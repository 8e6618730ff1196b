using System.Collections.Immutable;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>A move that a goal wants, before it has a wave.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="From">The host that it leaves; <see cref="DenseFleet.Nowhere"/> when it starts.</param>
/// <param name="To">The host that it goes to.</param>
/// <param name="Unit">Moves with the same number run in one wave or not at all.</param>
/// <param name="Gain">By how much the goal's figure gets better.</param>
/// <param name="GainIn">What the gain is counted in.</param>
/// <param name="Reason">Why, for people; asked only when the move is in the plan.</param>
/// <param name="Alternatives">Other hosts and why they lost; asked only when the move is in the plan.</param>
internal sealed record Draft(
    int Vm,
    int From,
    int To,
    int Unit,
    double Gain,
    string GainIn,
    Func<string> Reason,
    Func<ImmutableArray<Alternative>> Alternatives)
{
    public static ImmutableArray<Alternative> None() => [];
}

/// <summary>What a goal wants: moves in an order in which each fits after those before, and what happens to hosts.</summary>
internal sealed record Wish
{
    public List<Draft> Moves { get; } = [];

    /// <summary>Hosts to switch on before the first wave, with the reason.</summary>
    public List<(int Host, string Reason)> On { get; } = [];

    /// <summary>Hosts to switch off as soon as no VM is on them, with the reason.</summary>
    public List<(int Host, string Reason)> Off { get; } = [];

    public List<Growth> Growths { get; } = [];

    public List<Refusal> Refusals { get; } = [];

    public string Summary { get; set; } = string.Empty;
}
