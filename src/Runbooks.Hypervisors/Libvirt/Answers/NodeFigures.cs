namespace Runbooks.Hypervisors.Libvirt.Answers;

/// <summary>A host's figures from <c>nodeinfo</c>, <c>nodecpustats</c> and <c>nodememstats</c>.</summary>
internal sealed record NodeFigures(int Cpus, int MemoryMiB, int MemoryFreeMiB, TimeSpan CpuBusy, TimeSpan CpuTotal)
{
    private const int NanosecondsPerTick = 100;
    private const int KiBPerMiB = 1024;

    public static bool TryRead(IEnumerable<string> nodeInfo, IEnumerable<string> cpuStats, IEnumerable<string> memoryStats, out NodeFigures node, out string problem)
    {
        var info = Figures.Read(nodeInfo, ':');
        var cpu = Figures.Read(cpuStats, ':');
        var memory = Figures.Read(memoryStats, ':');
        string[] missing =
        [
            .. info.Missing("CPU(s)").Select(n => $"nodeinfo's '{n}'"),
            .. cpu.Missing("user", "system", "idle").Select(n => $"nodecpustats' '{n}'"),
            .. memory.Missing("total", "free").Select(n => $"nodememstats' '{n}'"),
        ];
        problem = missing.Length == 0 ? string.Empty : $"there is no usable {string.Join(", ", missing)}";

        var busy = cpu.OrZero("user") + cpu.OrZero("system");
        node = new NodeFigures(
            (int)info.OrZero("CPU(s)"),
            MiB(memory.OrZero("total")),
            MiB(memory.OrZero("free") + memory.OrZero("buffers") + memory.OrZero("cached")),
            Nanoseconds(busy),
            Nanoseconds(busy + cpu.OrZero("idle") + cpu.OrZero("iowait")));
        return missing.Length == 0;
    }

    internal static TimeSpan Nanoseconds(long value) => TimeSpan.FromTicks(value / NanosecondsPerTick);

    /// <summary>Whole MiB, at most what an <see cref="int"/> holds.</summary>
    internal static int MiB(long kib) => (int)Math.Min(kib / KiBPerMiB, int.MaxValue);
}
