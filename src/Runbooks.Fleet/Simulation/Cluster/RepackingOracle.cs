using Runbooks.Fleet.Simulation.Traces;

namespace Runbooks.Fleet.Simulation.Cluster;

/// <summary>What free repacking at every moment would cost: a yardstick where memory is a limit at all times, not a policy.</summary>
/// <param name="EnergyKwh">Energy from the set-up's start of counting to the end, kWh.</param>
/// <param name="MeanActive">Mean number of hosts in use.</param>
public sealed record RepackingOracle(double EnergyKwh, double MeanActive)
{
    private const double CpuShare = 0.8;

    /// <summary>
    /// Best-fit decreasing on the hosts with the least watts for their CPU: VMs by the larger of their shares of CPU and memory,
    /// each to the used host with the least CPU left, up to 80 % of its CPU and all of its memory.
    /// </summary>
    /// <param name="setup">The machines.</param>
    /// <param name="trace">Loads of the VMs.</param>
    /// <param name="ramMb">Memory of each host, MB.</param>
    /// <param name="every">Every how many samples it repacks, 1 or more.</param>
    public static RepackingOracle Of(ClusterSetup setup, LoadTrace trace, double ramMb, int every = 8)
    {
        ArgumentNullException.ThrowIfNull(setup);
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentOutOfRangeException.ThrowIfLessThan(every, 1);
        var host = setup.Models.MinBy(m => m.Power.Full / m.Mips)!;
        var (watts, hosts, times) = (0.0, 0, 0);
        for (var k = 0; k < trace.Samples; k += every)
        {
            var used = Pack(setup, trace, k, host, ramMb);
            watts += used.Sum(mips => host.Power.At(mips / host.Mips));
            hosts += used.Count;
            times++;
        }

        var seconds = (trace.Samples * setup.StepSeconds) - setup.EnergyFromSeconds;
        return new RepackingOracle(watts / times * seconds / 3.6e6, (double)hosts / times);
    }

    private static List<double> Pack(ClusterSetup setup, LoadTrace trace, int sample, HostModel host, double ramMb)
    {
        var loads = trace.At(sample).ToArray();
        var vms = loads.Select((load, v) => (Mips: load * setup.SizeOf(v, loads.Length).Mips, Ram: setup.SizeOf(v, loads.Length).RamMb));
        var (cpu, ram) = (new List<double>(), new List<double>());
        foreach (var vm in vms.OrderByDescending(v => Math.Max(v.Mips / host.Mips, v.Ram / ramMb)))
        {
            var best = -1;
            for (var h = 0; h < cpu.Count; h++)
            {
                if (cpu[h] + vm.Mips <= host.Mips * CpuShare && ram[h] + vm.Ram <= ramMb && (best < 0 || cpu[h] > cpu[best]))
                {
                    best = h;
                }
            }

            if (best < 0)
            {
                best = cpu.Count;
                cpu.Add(0);
                ram.Add(0);
            }

            cpu[best] += vm.Mips;
            ram[best] += vm.Ram;
        }

        return cpu;
    }
}
