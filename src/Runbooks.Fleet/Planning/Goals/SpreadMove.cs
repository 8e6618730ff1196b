using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>A VM that evens out load by going from one host to another.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SpreadMove(int Vm, int From, int To);

/// <summary>The best host for a VM, the one after it, and the nearest that is forbidden; -1 for none.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SpreadChoice(int To, double Gain, int Second, double SecondGain, int Passed, ImmutableArray<Constraint> PassedBroken)
{
    /// <summary>The hosts that were looked at for a move and lost.</summary>
    public ImmutableArray<Alternative> Others(PoolModel model, int vm, int to, double gain)
    {
        var list = ImmutableArray.CreateBuilder<Alternative>();
        if (Passed >= 0)
        {
            list.Add(new Alternative(model.Hosts[Passed].Name, PassedBroken, $"Less loaded, but forbidden for {model.Vms[vm].Name} by {string.Join(", ", PassedBroken)}."));
        }

        foreach (var (host, other) in new[] { (To, Gain), (Second, SecondGain) }.Where(o => o.Item1 >= 0 && o.Item1 != to))
        {
            var why = other > gain
                ? $"It would gain {other:0.000000} instead of {gain:0.000000} now, but another move makes better use of it."
                : $"It would gain {other:0.000000} instead of {gain:0.000000}.";
            list.Add(new Alternative(model.Hosts[host].Name, [], why));
        }

        return list.DrainToImmutable();
    }
}
