using Runbooks.Fleet.Model;

namespace Runbooks.Bench.Planning;

/// <summary>Counts, plainly, the used hosts whose VMs would find no room on the other used ones: largest first, first fit.</summary>
internal static class FailureCount
{
    public static int Of(FleetSnapshot fleet)
    {
        var on = fleet.Vms.ToLookup(v => v.Host);
        var used = fleet.Hosts.Where(h => on[h.Name].Any()).ToArray();
        var memory = used.Select(h => (long)h.MemoryMiB - on[h.Name].Sum(v => (long)v.MemoryMiB)).ToArray();
        var vcpus = used.Select(h => (h.Cpus * FleetMaker.VcpuRatio) - on[h.Name].Sum(v => v.Vcpus)).ToArray();
        return Enumerable.Range(0, used.Length).Count(failed => !Fits(failed, [.. memory], [.. vcpus], on[used[failed].Name]));
    }

    private static bool Fits(int failed, long[] memory, double[] vcpus, IEnumerable<Vm> vms)
    {
        foreach (var vm in vms.OrderByDescending(v => v.MemoryMiB))
        {
            var to = -1;
            for (var h = 0; h < memory.Length && to < 0; h++)
            {
                to = h != failed && memory[h] >= vm.MemoryMiB && vcpus[h] >= vm.Vcpus ? h : -1;
            }

            if (to < 0)
            {
                return false;
            }

            memory[to] -= vm.MemoryMiB;
            vcpus[to] -= vm.Vcpus;
        }

        return true;
    }
}
