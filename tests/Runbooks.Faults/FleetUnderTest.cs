using System.Text.Json.Nodes;
using Runbooks.Activities;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Policies;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Observation;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Tests.Engine;

namespace Runbooks.Faults;

/// <summary>
/// The shipped runbooks on a simulated fleet that outlives the engine, as real hosts do: three hosts, of which the first
/// can be emptied.
/// </summary>
internal sealed class FleetUnderTest : IDisposable
{
    public static readonly HostName Host1 = new("host1");
    public static readonly HostName Host2 = new("host2");
    public static readonly HostName Host3 = new("host3");
    public static readonly VmName Vm1 = new("vm1");
    public static readonly VmName Vm2 = new("vm2");

    private readonly FleetObserver observer;

    private FleetUnderTest(FastTime clock, Action<SimulatedFleet>? more)
    {
        Fleet = new SimulatedFleet(new SimulationSettings { HostBoot = TimeSpan.FromSeconds(1) }, clock);
        foreach (var (name, priority) in new[] { (Host1, 1), (Host2, 2), (Host3, 3) })
        {
            Fleet.AddHost(new SimulatedHost(name, Cpus: 8, MemoryMiB: 16_384, Priority: priority));
        }

        Fleet.AddVm(Host1, new SimulatedVm(Vm1, Vcpus: 1, MemoryMiB: 1024, CpuLoad: 0.1, DirtyMiBs: 40, WorkingSetMiB: 64));
        Fleet.AddVm(Host1, new SimulatedVm(Vm2, Vcpus: 1, MemoryMiB: 1024, CpuLoad: 0.1));
        Fleet.AddVm(Host2, new SimulatedVm(new VmName("vm3"), Vcpus: 2, MemoryMiB: 2048, CpuLoad: 0.2));
        Fleet.AddVm(Host3, new SimulatedVm(new VmName("vm4"), Vcpus: 2, MemoryMiB: 2048, CpuLoad: 0.2));
        more?.Invoke(Fleet);
        Engine = new EngineUnderTest(ActivityRegistry.WithElsaActivities().AddFleetActivities(), clock);
        Ledger = new InMemoryReservationLedger();
        Modes = new InMemoryHostModes();
        observer = new FleetObserver(Fleet.Directory, Modes, Ledger, clock, new ObserverSettings());
        _ = Engine
            .With<IHypervisorDirectory>(Fleet.Directory)
            .With<IReservationLedger>(Ledger)
            .With<IHostModes>(Modes)
            .With(observer)
            .With(new ConsolidationPolicy { Thresholds = new Thresholds { LoadMin = 0.5, LoadMax = 0.8 }, MinActiveHosts = 2 });
    }

    public SimulatedFleet Fleet { get; }

    public EngineUnderTest Engine { get; }

    public InMemoryReservationLedger Ledger { get; }

    public InMemoryHostModes Modes { get; }

    /// <param name="more">Adds to the fleet before anybody looks at it.</param>
    public static async Task<FleetUnderTest> CreateAsync(Action<SimulatedFleet>? more = null)
    {
        var clock = new FastTime(100);
        var fleet = new FleetUnderTest(clock, more);
        var folder = Path.Combine(AppContext.BaseDirectory, "workflows");
        _ = await fleet.Engine.LoadAsync([.. Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal).Select(File.ReadAllText)]);

        // A load is a difference of two looks.
        _ = await fleet.observer.ObserveAsync(CancellationToken.None);
        await Task.Delay(TimeSpan.FromSeconds(1), clock);
        _ = await fleet.observer.ObserveAsync(CancellationToken.None);
        return fleet;
    }

    public Task<Run> ConsolidateAsync() => Engine.RunAsync("consolidate");

    /// <param name="vm">The VM.</param>
    /// <param name="destination">Where it goes.</param>
    /// <param name="more">Other inputs of the runbook.</param>
    public Task<Run> MigrateAsync(VmName vm, HostName destination, JsonObject? more = null)
    {
        var input = Move(vm, destination);
        foreach (var (name, value) in more ?? [])
        {
            input[name] = value?.DeepClone();
        }

        return Engine.RunAsync("migrate-vm", input);
    }

    public static JsonObject Move(VmName vm, HostName destination) => new() { ["Vm"] = vm.Value, ["Destination"] = destination.Value };

    /// <summary>The host on which a VM runs; fails when it is not exactly one.</summary>
    public HostName HomeOf(VmName vm) => Assert.Single(Fleet.CopiesOf(vm), c => c.State == VmState.Running).Host;

    /// <summary>What must hold whatever happened: every VM runs exactly once and nowhere else is anything left over.</summary>
    public async Task<string> BrokenInvariantsAsync()
    {
        var broken = new List<string>(Fleet.Violations);
        foreach (var vm in new[] { Vm1, Vm2, new VmName("vm3"), new VmName("vm4") })
        {
            var copies = Fleet.CopiesOf(vm);
            if (copies.Count != 1 || copies[0].State != VmState.Running)
            {
                broken.Add($"{vm}: {string.Join(", ", copies.Select(c => $"{c.State} ({c.Reason}) on {c.Host}"))}");
            }
        }

        broken.AddRange(Fleet.MigratingVms.Select(vm => $"{vm} is still migrating"));
        broken.AddRange((await Ledger.ListAsync(CancellationToken.None)).Select(r => $"left over: {r}"));
        broken.AddRange((await Modes.ListAsync(CancellationToken.None)).Select(m => $"left over: {m}"));
        broken.AddRange((await Engine.Store.ListAsync(new Workflows.Journal.RunFilter { OnlyOpen = true, Limit = 500 }, CancellationToken.None))
            .Select(r => $"run {r.DefinitionId} is {r.Status}: {r.Reason}"));
        return string.Join("; ", broken);
    }

    public void Dispose()
    {
        observer.Dispose();
        Fleet.Dispose();
    }
}
