using System.Runtime.InteropServices;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>What moving one VM is expected to cost.</summary>
/// <param name="Seconds">Time of the migration, seconds.</param>
/// <param name="MiB">Memory sent, MiB.</param>
/// <param name="Joules">Energy of sending it.</param>
/// <param name="CoreSeconds">CPU that the VM loses meanwhile, core seconds.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct MoveCost(double Seconds, double MiB, double Joules, double CoreSeconds)
{
    /// <summary>Least gain, in the units of the score, for which a balancing move is worth making; infinite when it would take the whole stay.</summary>
    /// <remarks>What it gains begins after its end, so it counts for the rest of the stay; and the more it sends, the more it must gain.</remarks>
    public double LeastGain(PlannerPolicy policy)
    {
        var rest = 1 - (Seconds / policy.ExpectedStay.TotalSeconds);
        return rest > 0 ? policy.MinGain * Math.Max(1, MiB / policy.MinGainMiB) / rest : double.PositiveInfinity;
    }

    /// <summary>Core seconds of overload that a move saves over the rest of the expected stay are more than those that the VM loses on the way.</summary>
    /// <param name="policy">What a stay is.</param>
    /// <param name="cores">Cores above the limit that it takes off its host.</param>
    public bool PaysForRelief(PlannerPolicy policy, double cores) => cores * (policy.ExpectedStay.TotalSeconds - Seconds) > CoreSeconds;

    public static MoveCost Of(PoolModel model, int vm)
    {
        var v = model.Vms[vm];
        var migration = model.Policy.Migration;
        var (seconds, mib) = migration.Estimate(v.MemoryMiB, v.Traits.DirtyMiBs ?? 0);
        return new MoveCost(seconds, mib, mib * migration.JoulesPerMiB, seconds * migration.Degradation * v.CpuCores);
    }
}
