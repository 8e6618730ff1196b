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
    public static MoveCost Of(PoolModel model, int vm)
    {
        var v = model.Vms[vm];
        var migration = model.Policy.Migration;
        var (seconds, mib) = migration.Estimate(v.MemoryMiB, v.Traits.DirtyMiBs ?? 0);
        return new MoveCost(seconds, mib, mib * migration.JoulesPerMiB, seconds * migration.Degradation * v.CpuCores);
    }
}
