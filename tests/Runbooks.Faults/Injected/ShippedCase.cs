using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Runbooks.Faults.Model;
using Runbooks.Faults.Simulation;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.FaultInjection;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Injected;

/// <summary>
/// One run of a shipped runbook on virtual time, on a fleet of its own, under a fault plan. Everything is made anew for
/// each case, inputs included.
/// </summary>
internal sealed class ShippedCase : IDisposable
{
    public static readonly string[] Runbooks = ["migrate-vm", "consolidate"];

    private const string Conversion = "convert-vm";

    private static readonly HostName Xen = new("xen1");

    private static readonly VmName[] Vms = [.. Enumerable.Range(1, 4).Select(i => new VmName($"vm{i}"))];

    private ShippedCase(string plan, int seed)
    {
        Installation = new Installation(seed, FaultPlan.Parse(plan));
        Installation.Faults.OnStrike = (_, where) => Struck.Add(where);
    }

    public Installation Installation { get; }

    /// <summary>Where the plan has struck, in order.</summary>
    public List<string> Struck { get; } = [];

    public Run Run { get; private set; } = null!;

    /// <summary>Steps of the run and of its children, in the order in which they were scheduled, with the run that they belong to.</summary>
    public IReadOnlyList<(Run Run, ActivityExecution Step)> Steps { get; private set; } = [];

    public IReadOnlyList<string> Broken { get; private set; } = [];

    public PowerState Host1 => Installation.Fleet.PowerOf(FleetUnderTest.Host1);

    public string Explained => $"{Run.Status}, {Run.Reason}; struck {string.Join(", ", Struck)}; broken: {string.Join("; ", Broken)}\n{string.Join('\n', Installation.Loop.Trace.Lines.TakeLast(25))}";

    /// <param name="runbook">One of <see cref="Runbooks"/>, scale-vm or convert-vm.</param>
    /// <param name="plan">What goes wrong.</param>
    /// <param name="prepare">Trouble of the fleet.</param>
    /// <param name="cancel">An operator cancels the run as soon as the plan has struck.</param>
    /// <param name="seed">Of the order of things.</param>
    public static ShippedCase Play(string runbook, string plan = "", Action<SimulatedFleet>? prepare = null, bool cancel = false, int seed = 1)
    {
        var shipped = new ShippedCase(plan, seed);
        shipped.Installation.Play(() => shipped.TellAsync(runbook, prepare, cancel), TimeSpan.FromHours(6));
        return shipped;
    }

    /// <summary>Nothing goes wrong any more, and an operator asks every run that needs attention to look again.</summary>
    public void Mend() => Installation.Play(
        async () =>
        {
            Installation.Faults.End();
            foreach (var run in await Installation.Kept.ListAsync(new RunFilter { Status = RunStatus.NeedsAttention }, CancellationToken.None))
            {
                _ = await Installation.SendAsync(new Stimulus($"retry-{run.Id}", run.Id, StimulusKind.Retry, null, null, "operator", null));
            }

            await Task.Delay(TimeSpan.FromSeconds(2), Installation.Loop.Time);
            await Installation.RestAsync();
            await ReadAsync(Run.Id);
        },
        TimeSpan.FromHours(6));

    /// <summary>Plays cases on all cores; fails with every case that failed.</summary>
    public static void SideBySide<T>(IEnumerable<T> cases, Action<T> play)
    {
        var failures = new ConcurrentQueue<string>();
        _ = Parallel.ForEach(cases, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, one =>
        {
            try
            {
                play(one);
            }
            catch (Exception e)
            {
                failures.Enqueue($"{one}: {e.Message}");
            }
        });
        Assert.True(failures.IsEmpty, $"{failures.Count} cases failed.\n{string.Join("\n\n", failures.Take(5))}");
    }

    public void Dispose() => Installation.Dispose();

    private async Task TellAsync(string runbook, Action<SimulatedFleet>? prepare, bool cancel)
    {
        var fleet = Installation.Fleet;
        foreach (var (host, priority) in new[] { (FleetUnderTest.Host1, 1), (FleetUnderTest.Host2, 2), (FleetUnderTest.Host3, 3) })
        {
            fleet.AddHost(new SimulatedHost(host, Cpus: 8, MemoryMiB: 16_384, Priority: priority));
        }

        fleet.AddVm(FleetUnderTest.Host1, new SimulatedVm(Vms[0], Vcpus: 1, MemoryMiB: 1024, CpuLoad: 0.1, DirtyMiBs: 40, WorkingSetMiB: 64, MaxVcpus: 4, MaxMemoryMiB: 4096));
        fleet.AddVm(FleetUnderTest.Host1, new SimulatedVm(Vms[1], Vcpus: 1, MemoryMiB: 1024, CpuLoad: 0.1) { Disks = runbook == Conversion ? [new SimulatedDisk("/images/vm2.qcow2")] : [] });
        if (runbook == Conversion)
        {
            fleet.AddHost(new SimulatedHost(Xen, Cpus: 8, MemoryMiB: 16_384, Pool: "xen", Priority: 9) { Hypervisor = HypervisorKind.Xen });
        }

        fleet.AddVm(FleetUnderTest.Host2, new SimulatedVm(Vms[2], Vcpus: 2, MemoryMiB: 2048, CpuLoad: 0.2));
        fleet.AddVm(FleetUnderTest.Host3, new SimulatedVm(Vms[3], Vcpus: 2, MemoryMiB: 2048, CpuLoad: 0.2));
        prepare?.Invoke(fleet);
        _ = Installation.AddWorker();
        await Task.Delay(TimeSpan.FromSeconds(20), Installation.Loop.Time);
        var answer = await Installation.StartAsync(runbook, InputOf(runbook), "case");
        var id = ((StartAnswer.Accepted)answer).RunId;
        if (cancel)
        {
            while (Struck.Count == 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), Installation.Loop.Time);
            }

            _ = await Installation.SendAsync(new Stimulus("cancel", id, StimulusKind.Cancel, null, null, "operator", "Enough."));
        }

        await Installation.RestAsync();
        await ReadAsync(id);
    }

    private static JsonObject InputOf(string runbook) => runbook switch
    {
        "migrate-vm" => FleetUnderTest.Move(Vms[0], FleetUnderTest.Host2),
        Conversion => new() { ["Vm"] = Vms[1].Value, ["Destination"] = Xen.Value, ["StopIfRunning"] = true },
        "scale-vm" => new() { ["Vm"] = Vms[0].Value, ["Vcpus"] = 2, ["MemoryMiB"] = 2048 },
        _ => [],
    };

    private async Task ReadAsync(RunId id)
    {
        var all = (await Installation.Kept.ListAsync(new RunFilter { Limit = RunFilter.HighestLimit }, CancellationToken.None)).Reverse().ToArray();
        var steps = new List<(Run, ActivityExecution)>();
        foreach (var run in all)
        {
            steps.AddRange((await Installation.Kept.ExecutionsAsync(run.Id, CancellationToken.None)).Select(s => (run, s)));
        }

        Run = all.Single(r => r.Id == id);
        Steps = steps;

        // That a run still needs attention is judged by the test; everything else must hold at any time.
        var attention = all.Any(r => !r.Status.IsEnd());
        Broken = [.. (await Invariants.BrokenAsync(Installation, Vms, new HashSet<VmName>())).Where(b => !attention || !b.Contains("although everything works again", StringComparison.Ordinal)), .. attention ? [] : LeftOfConversion()];
    }

    /// <summary>Nobody holds a VM any more, and nothing is left of copies that were not wanted.</summary>
    private IEnumerable<string> LeftOfConversion() => Installation.Fleet.Directory.Hosts.SelectMany(h =>
        Installation.Fleet.FilesOf(h.Name).Where(f => f.Mark is not null || f.Path.EndsWith("-mark", StringComparison.Ordinal)).Select(f => $"left over on {h.Name}: {f}")
            .Concat(Installation.Fleet.CopiesOf(Vms[1]).Where(c => c.Host == h.Name && Installation.Fleet.HolderOf(h.Name, Vms[1]) is not null).Select(_ => $"{Vms[1]} is held on {h.Name}")))
        .Concat(Installation.Fleet.CopiesUnderWay.Select(c => $"copy {c} is under way"));
}
