using System.Globalization;
using System.Text.Json.Nodes;
using Runbooks.Faults.Simulation;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.FaultInjection;

namespace Runbooks.Faults.Model;

/// <summary>A wish for a run, made at a moment; made <paramref name="Times"/> times with one key.</summary>
internal sealed record Wish(TimeSpan At, string Runbook, JsonObject Input, int Times);

/// <summary>Something that happens to the installation from outside.</summary>
/// <param name="At">When.</param>
/// <param name="Kind">What.</param>
/// <param name="Index">To which worker, run, VM or host, counted from 0.</param>
/// <param name="For">How long.</param>
internal sealed record Disturbance(TimeSpan At, DisturbanceKind Kind, int Index, TimeSpan For)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{At:hh\\:mm\\:ss} {Kind} {Index} {For}");
}

internal enum DisturbanceKind
{
    WorkerDies,
    WorkerFreezes,
    StoreIsAway,
    RunIsCancelled,
    RunIsCancelledTwice,
    RunIsPaused,
    RunIsUndone,
    GuestCrashes,
    GuestIsDeleted,
    HostIsCut,
    HostLosesPower,
    RequestGoesWrong,
    MigrationGoesWrong,
}

/// <summary>All of one simulation, made from its seed.</summary>
internal sealed record Scenario
{
    public required int Seed { get; init; }

    public required int Workers { get; init; }

    public required IReadOnlyList<SimulatedHost> Hosts { get; init; }

    public required IReadOnlyList<(HostName Host, SimulatedVm Vm)> Vms { get; init; }

    public required IReadOnlyList<Wish> Wishes { get; init; }

    public required IReadOnlyList<Disturbance> Disturbances { get; init; }

    public required IReadOnlyList<OperationFault> Requests { get; init; }

    public required IReadOnlyList<MigrationFault> Mishaps { get; init; }

    public required FaultPlan Plan { get; init; }

    /// <summary>Chance with which a worker dies at any of its continuations.</summary>
    public required double DeathsPerStep { get; init; }

    public static Scenario Of(int seed)
    {
        // Not the loop's random numbers: what happens must not depend on how the scenario was made.
        var random = new Random(unchecked((seed * 7919) + 17));
        var hosts = Enumerable.Range(1, random.Next(3, 7))
            .Select(i => new SimulatedHost(new HostName($"host{i}"), Cpus: 8 * random.Next(1, 3), MemoryMiB: 8192 * random.Next(2, 5), Priority: i)).ToArray();
        var vms = Enumerable.Range(1, random.Next(4, 15)).Select(i => (hosts[random.Next(hosts.Length)].Name, new SimulatedVm(
            new VmName($"vm{i:00}"),
            Vcpus: random.Next(1, 3),
            MemoryMiB: 512 * random.Next(1, 5),
            CpuLoad: Math.Round(random.NextDouble() * 0.4, 2),
            DirtyMiBs: random.Next(3) == 0 ? 0 : random.Next(10, 120),
            WorkingSetMiB: random.Next(16, 256)))).ToArray();
        return new Scenario
        {
            Seed = seed,
            Workers = random.Next(1, 5),
            Hosts = hosts,
            Vms = vms,
            Wishes = [.. Enumerable.Range(0, random.Next(2, 9)).Select(_ => Wish(random, hosts, vms)).OrderBy(w => w.At)],
            Disturbances = [.. Enumerable.Range(0, random.Next(0, 8)).Select(_ => Disturbance(random)).OrderBy(d => d.At)],
            Requests = [.. Enumerable.Range(0, 8).Select(_ => Request(random))],
            Mishaps = [.. Enumerable.Range(0, 4).Select(_ => Mishap(random))],
            Plan = random.Next(8) == 0 ? FaultPlan.None : new FaultRates().Make(random, Steps),
            DeathsPerStep = random.Next(3) == 0 ? 0.002 * random.NextDouble() : 0,
        };
    }

    /// <summary>What a person needs to see to understand a seed.</summary>
    public override string ToString()
    {
        string[] lines =
        [
            $"seed {Seed}: {Workers} workers, {Hosts.Count} hosts, {Vms.Count} VMs, deaths per step {DeathsPerStep:0.#####}",
            .. Vms.GroupBy(v => v.Host).Select(g => $"  {g.Key}: {string.Join(", ", g.Select(v => $"{v.Vm.Name} ({v.Vm.MemoryMiB} MiB)"))}"),
            .. Wishes.Select(w => $"  {w.At:hh\\:mm\\:ss} {w.Runbook} {w.Input.ToJsonString()}{(w.Times > 1 ? $" {w.Times} times" : "")}"),
            .. Disturbances.Select(d => $"  {d}"),
            .. Plan.ToString().Split('\n').Where(l => l.Length > 0).Select(l => $"  rule {l}"),
        ];
        return string.Join('\n', lines);
    }

    private static string[] Steps { get; } = ["check", "reserve", "turn", "pre-copy", "stop-and-copy", "commit", "activate", "plan", "cordon", "power-off", "uncordon", "a", "b", "c", "mark", "first", "second", "seal"];

    private static Wish Wish(Random random, SimulatedHost[] hosts, (HostName Host, SimulatedVm Vm)[] vms)
    {
        var at = TimeSpan.FromSeconds(5 + random.Next(90));
        var times = random.Next(4) == 0 ? random.Next(2, 4) : 1;
        return random.Next(10) switch
        {
            < 4 => new Wish(at, "migrate-vm", FleetUnderTest.Move(vms[random.Next(vms.Length)].Vm.Name, hosts[random.Next(hosts.Length)].Name), times),
            < 6 => new Wish(at, "consolidate", [], times),
            _ => new Wish(at, StampRunbooks.Ids[random.Next(StampRunbooks.Ids.Count)], [], times),
        };
    }

    private static Disturbance Disturbance(Random random)
    {
        var kind = random.Next(100) switch
        {
            < 22 => DisturbanceKind.WorkerDies,
            < 40 => DisturbanceKind.WorkerFreezes,
            < 48 => DisturbanceKind.StoreIsAway,
            < 60 => DisturbanceKind.RunIsCancelled,
            < 64 => DisturbanceKind.RunIsCancelledTwice,
            < 67 => DisturbanceKind.RunIsPaused,
            < 69 => DisturbanceKind.RunIsUndone,
            < 71 => DisturbanceKind.GuestCrashes,
            < 73 => DisturbanceKind.GuestIsDeleted,
            < 80 => DisturbanceKind.HostIsCut,
            < 83 => DisturbanceKind.HostLosesPower,
            < 95 => DisturbanceKind.RequestGoesWrong,
            _ => DisturbanceKind.MigrationGoesWrong,
        };
        var longest = kind == DisturbanceKind.StoreIsAway && random.Next(3) == 0 ? 600 : 90;
        return new Disturbance(TimeSpan.FromMilliseconds(random.Next(5_000, 150_000)), kind, random.Next(1000), TimeSpan.FromMilliseconds(random.Next(100, longest * 1000)));
    }

    private static OperationFault Request(Random random)
    {
        FaultKind[] kinds = [FaultKind.Unreachable, FaultKind.Refused, FaultKind.BadAnswer];
        var effect = (FaultEffect)random.Next(3);
        return new OperationFault(effect, random.Next(3) == 0 ? null : (SimulatedOperation)random.Next((int)SimulatedOperation.PowerOff + 1), Skip: random.Next(4), Count: random.Next(1, 4), Kind: kinds[random.Next(3)]);
    }

    private static MigrationFault Mishap(Random random) => new(
        (MigrationMishap)random.Next((int)MigrationMishap.StrandedAfterCommit + 1),
        At: random.Next(3) == 0 ? MigrationPhase.StopAndCopy : MigrationPhase.PreCopy,
        Round: random.Next(1, 3));
}
