using System.Globalization;
using Runbooks.Fleet.Migrations;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Bench.Migration.Model;

/// <summary>What is measured of a guest before it moves.</summary>
internal static class Sight
{
    public const double MiB = 1024 * 1024;

    /// <summary>Pages per GiB that QEMU looks at; its own default, 512, is 64 of a small guest, too few for any figure.</summary>
    private const int Samples = 16384;

    private const double Shortest = 3;
    private const double Longest = 10;

    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(1.3);

    /// <summary>Lets the guest touch its working set once, then write at its rate.</summary>
    public static async Task LoadAsync(BenchLab lab, Route route, Load load, CancellationToken cancellationToken)
    {
        if (load.WorkingSetMiB > 0)
        {
            await lab.LoadGuestAsync(route.Vm.Value, route.Source.Value, load.WorkingSetMiB, Math.Max(200, load.WorkingSetMiB), cancellationToken);
            await Task.Delay(Steady, cancellationToken);
        }

        await lab.LoadGuestAsync(route.Vm.Value, route.Source.Value, load.WorkingSetMiB, load.WriteMiBs, cancellationToken);
        await Task.Delay(Steady, cancellationToken);
    }

    /// <summary>The case as it can be known before the start: two windows of writes, and what the guest takes of its host.</summary>
    public static async Task<MigrationCase> CaseAsync(BenchLab lab, IHypervisor source, Route route, int bandwidthMiBs, TimeSpan longest, TimeSpan downtime, CancellationToken cancellationToken)
    {
        var (busy, all) = Processors();
        var first = ModelCase.Value(await source.ObserveVmAsync(route.Vm, cancellationToken));
        var copy = 0.6 * first.MemoryMiB / bandwidthMiBs;
        var windows = new List<(double, double)>();
        foreach (var seconds in new[] { 1, (int)Math.Round(Math.Clamp(copy, Shortest, Longest)) })
        {
            windows.Add((seconds, await WritesAsync(lab, route, seconds, cancellationToken)));
        }

        var dirty = DirtyCurve.Of(windows);
        var seen = ModelCase.Value(await source.ObserveVmAsync(route.Vm, cancellationToken));
        var (busyNow, allNow) = Processors();
        return new MigrationCase("kvm", MigrationMode.PreCopy, seen.MemoryMiB, bandwidthMiBs)
        {
            ResidentMiB = seen.ResidentMiB,
            HasMoved = seen.StateReason == "migrated",
            DirtyMiBs = dirty.MiBs,
            WorkingSetMiB = double.IsFinite(dirty.WorkingSetMiB) ? dirty.WorkingSetMiB : null,
            FreeCpuShare = Math.Clamp(1 - ((busyNow - busy) / Math.Max(1, allNow - all)), 0, 1),
            MaxDowntime = downtime,
            MaxTime = longest,
        };
    }

    private static async Task<double> WritesAsync(BenchLab lab, Route route, int seconds, CancellationToken cancellationToken)
    {
        _ = await lab.CommandAsync(
            cancellationToken,
            "enter",
            route.Source.Value,
            "virsh",
            "-q",
            "-c",
            "qemu:///system",
            "qemu-monitor-command",
            route.Vm.Value,
            $$$"""{"execute":"calc-dirty-rate","arguments":{"calc-time":{{{seconds}}},"sample-pages":{{{Samples}}}}}""");
        await Task.Delay(TimeSpan.FromSeconds(seconds), cancellationToken);
        var rate = 0.0;
        await BenchLab.UntilAsync(
            $"the writes of {route.Vm} are measured",
            async () =>
            {
                var figures = (await lab.CommandAsync(cancellationToken, "enter", route.Source.Value, "virsh", "-q", "-c", "qemu:///system", "domstats", route.Vm.Value, "--dirtyrate"))
                    .Split('\n', StringSplitOptions.TrimEntries).Select(l => l.Split('=', 2)).Where(p => p.Length == 2).ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);
                var measured = figures.GetValueOrDefault("dirtyrate.calc_status") == "2" && figures.ContainsKey("dirtyrate.megabytes_per_second");
                rate = measured ? double.Parse(figures["dirtyrate.megabytes_per_second"], CultureInfo.InvariantCulture) : 0;
                return measured;
            },
            cancellationToken);

        // Whole MiB/s, rounded down.
        return rate > 0 ? rate + 0.5 : 0;
    }

    /// <summary>Ticks of all processors, in use and at all.</summary>
    private static (double Busy, double All) Processors()
    {
        double[] ticks = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(t => double.Parse(t, CultureInfo.InvariantCulture))];
        return (ticks.Sum() - ticks[3] - ticks[4], ticks.Sum());
    }
}
