using System.Globalization;
using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Configuration;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt;

namespace Runbooks.Bench.Migration.Model;

/// <summary>
/// Real migrations with varied memory, writes, working set and bandwidth, one at a time; what is known before each is
/// measured, never taken from what the guest was told. Half of them teach the model, the other half judges it.
/// </summary>
internal static class ModelCase
{
    private const int Migrations = 100;

    /// <summary>Guests that live at the same time; each batch of migrations gets new ones, so that freshly started guests come too.</summary>
    private const int Batch = 12;

    /// <summary>Copies that take longer are given up, and count as not converging.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Downtime = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(150);
    private static readonly int[] Sizes = [96, 128, 160, 192, 224, 256];
    private static readonly string[] Hosts = ["host1", "host2"];

    public static async Task RunAsync(BenchLab lab, MigrationOptions options, CancellationToken cancellationToken)
    {
        var fleet = FleetFile.Load(lab.FleetFile).Configuration ?? throw new BenchException($"{lab.FleetFile} can't be read.");
        await using var hosts = new RemoteDirectory(fleet, TimeProvider.System);
        var random = new Random(options.Seed);
        var records = new List<MigrationRecord>();
        var place = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < (options.Times ?? Migrations); i++)
        {
            if (i % Batch == 0)
            {
                await RenewAsync(lab, place, random, i / Batch, cancellationToken);
            }

            var name = place.Keys.Order(StringComparer.Ordinal).ElementAt(random.Next(place.Count));
            var load = Load.Draw(random, int.Parse(name.AsSpan(name.LastIndexOf('-') + 1), CultureInfo.InvariantCulture));
            var route = new Route(new VmName(name), new HostName(place[name]), new HostName(Hosts.First(h => h != place[name])));
            var record = await OneAsync(lab, hosts, route, load, i, cancellationToken);
            place[name] = record.Outcome == MigrationOutcome.Moved ? route.Destination.Value : route.Source.Value;
            records.Add(record);
            if (options.Keep is { } file)
            {
                await File.AppendAllTextAsync(file, MigrationText.Write(record) + "\n", cancellationToken);
            }

            Output.Say(string.Create(CultureInfo.InvariantCulture, $"model {i + 1}: {load} of {name}: {record.Outcome}, {record.Time?.TotalSeconds:0.0} s, {record.SentMiB:0} MiB, {record.Rounds} rounds"));
        }

        Print(records, options.Seed);
    }

    /// <summary>Judges migrations that were kept earlier.</summary>
    /// <exception cref="BenchException">The file can't be read, or holds too few.</exception>
    public static void Replay(string file, int seed)
    {
        try
        {
            Print([.. File.ReadLines(file).Where(l => l.Length > 0).Select(MigrationText.Read<MigrationRecord>)], seed);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            throw new BenchException($"{file} can't be replayed: {e.Message}");
        }
    }

    private static void Print(IReadOnlyList<MigrationRecord> records, int seed)
    {
        var v = ModelJudge.Judge(records, seed);
        Output.Result(new
        {
            @case = "model",
            migrations = v.Migrations,
            judged = v.Judged,
            medianTimeErrorPct = Output.Round(v.MedianTimeErrorPct, 1),
            p90TimeErrorPct = Output.Round(v.P90TimeErrorPct, 1),
            medianBytesErrorPct = Output.Round(v.MedianBytesErrorPct, 1),
            p90BytesErrorPct = Output.Round(v.P90BytesErrorPct, 1),
            notConverged = v.NotConverged,
            nonConvergenceRecallPct = v.NonConvergenceRecallPct is { } recall ? Output.Round(recall, 1) : (double?)null,
            falseAlarms = v.FalseAlarms,
            calculatedMedianTimeErrorPct = Output.Round(v.CalculatedMedianTimeErrorPct, 1),
            baselineMedianTimeErrorPct = Output.Round(v.BaselineMedianTimeErrorPct, 1),
            rangeCoveragePct = v.RangeCoveragePct is { } coverage ? Output.Round(coverage, 1) : (double?)null,
        });
    }

    /// <summary>Three new guests in place of those that there are.</summary>
    private static async Task RenewAsync(BenchLab lab, Dictionary<string, string> place, Random random, int batch, CancellationToken cancellationToken)
    {
        foreach (var name in place.Keys)
        {
            await lab.RemoveGuestAsync(name, Hosts, cancellationToken);
        }

        place.Clear();
        foreach (var size in Sizes.OrderBy(_ => random.Next()).Take(3).ToList())
        {
            var name = $"model-{batch}-{size}";
            await lab.StartGuestAsync(name, Hosts[0], size, workingSetMiB: 0, writeMiBs: 0, cancellationToken);
            place[name] = Hosts[0];
        }
    }

    private static async Task<MigrationRecord> OneAsync(BenchLab lab, RemoteDirectory hosts, Route route, Load load, int number, CancellationToken cancellationToken)
    {
        var (vm, source, destination) = (route.Vm, hosts.Hypervisor(route.Source), hosts.Hypervisor(route.Destination));
        await Sight.LoadAsync(lab, route, load, cancellationToken);
        var known = await Sight.CaseAsync(lab, source, route, load.BandwidthMiBs, Longest, Downtime, cancellationToken);
        _ = Value(await source.StartMigrationAsync(new MigrationRequest(vm, route.Destination, load.BandwidthMiBs, HoldSwitchOver: true), cancellationToken));
        var converged = await WatchAsync(source, known, vm, cancellationToken);
        await lab.LoadGuestAsync(vm.Value, (converged ? route.Destination : route.Source).Value, 0, 0, cancellationToken);
        var record = new MigrationRecord($"bench-{number}", vm, route.Source, route.Destination, DateTimeOffset.UtcNow, known, null, MigrationOutcome.DidNotConverge);
        if (!converged)
        {
            return record;
        }

        var figures = Value(await destination.CompletedMigrationAsync(vm, cancellationToken));
        _ = Value(await source.UndefineAsync(vm, cancellationToken));
        return record with
        {
            Outcome = MigrationOutcome.Moved,
            Time = figures.Elapsed,
            Downtime = figures.Downtime,
            SentMiB = figures.SentBytes / Sight.MiB,
            Rounds = figures.Rounds,
            FirstRoundMiB = (figures.TotalBytes - figures.ZeroBytes) / Sight.MiB,
        };
    }

    /// <summary>The stop conditions of the case; false when one other than few dirty pages ended the copy, and it was given up.</summary>
    private static async Task<bool> WatchAsync(IHypervisor source, MigrationCase known, VmName vm, CancellationToken cancellationToken)
    {
        var released = false;
        while (true)
        {
            var job = Value(await source.ObserveMigrationAsync(vm, cancellationToken));
            if (job.Phase == MigrationPhase.None)
            {
                return true;
            }

            if (job.Elapsed >= known.MaxTime || job.Round >= known.MaxRounds || (job.TotalBytes > 0 && job.SentBytes >= known.MaxDataFactor * job.TotalBytes))
            {
                // Refused or failed: the guest has gone over at the last moment.
                return !(await source.AbortMigrationAsync(vm, cancellationToken)).IsOk || Value(await source.ObserveVmAsync(vm, cancellationToken)).State != VmState.Running;
            }

            if (!released && job.Round > 1 && job.RemainingBytes <= 0.8 * job.BandwidthBytesPerSecond * Downtime.TotalSeconds)
            {
                _ = Value(await source.ReleaseSwitchOverAsync(vm, Downtime, cancellationToken));
                released = true;
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }

    internal static T Value<T>(Result<T> answer) => answer.IsOk ? answer.Value : throw new BenchException($"{answer.Fault}");
}

/// <summary>Which VM, from where, to where.</summary>
internal sealed record Route(VmName Vm, HostName Source, HostName Destination);

/// <summary>What a guest does and what is free for its migration.</summary>
internal sealed record Load(int BandwidthMiBs, int WriteMiBs, int WorkingSetMiB)
{
    /// <summary>Bandwidths of 10 to 64 MiB/s; writes from none to twice of that, often near the bandwidth, where it is decided.</summary>
    public static Load Draw(Random random, int memoryMiB)
    {
        int bandwidth;
        do
        {
            bandwidth = (int)Math.Round(Math.Pow(2, 3.3 + (2.7 * random.NextDouble())));
        }
        while (memoryMiB / bandwidth > 14);

        var kind = random.NextDouble();
        var share = kind switch
        {
            < 0.12 => 0,
            < 0.3 => 0.75 + (0.45 * random.NextDouble()),
            < 0.48 => 1.2 + (0.8 * random.NextDouble()),
            _ => 0.02 + (0.73 * random.NextDouble()),
        };
        var writes = (int)Math.Round(share * bandwidth);
        return new Load(bandwidth, writes, writes == 0 ? 0 : random.Next(4, Math.Max(8, memoryMiB - 74)));
    }
}
