using System.Text.Json.Nodes;
using Runbooks.Activities;
using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Policies;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Observation;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Journal;
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

    /// <summary>What vm1 is plugged into; only host1 has it at first, because it was made there for the two VMs.</summary>
    public static readonly HostNetwork Bridge = new(NetworkKind.Bridge, "br7", 7, "eth1") { IsOurs = true };

    /// <summary>What vm2 is plugged into; it leads out by the bridge.</summary>
    public static readonly HostNetwork OnBridge = new(NetworkKind.VirtualNetwork, "lab7", null, "br7") { IsOurs = true };

    private readonly FleetObserver observer;

    private FleetUnderTest(FastTime clock, TurnLimits limits, Action<SimulatedFleet>? more)
    {
        Fleet = new SimulatedFleet(new SimulationSettings { HostBoot = TimeSpan.FromSeconds(1) }, clock);
        foreach (var (name, priority) in new[] { (Host1, 1), (Host2, 2), (Host3, 3) })
        {
            Fleet.AddHost(new SimulatedHost(name, Cpus: 8, MemoryMiB: 16_384, Priority: priority) { Networks = name == Host1 ? [Bridge, OnBridge] : [] });
        }

        Fleet.AddVm(Host1, new SimulatedVm(Vm1, Vcpus: 1, MemoryMiB: 1024, CpuLoad: 0.1, DirtyMiBs: 40, WorkingSetMiB: 64) { Interfaces = [new VmInterface("52:54:00:00:00:01", Bridge.Kind, Bridge.Name)] });
        Fleet.AddVm(Host1, new SimulatedVm(Vm2, Vcpus: 1, MemoryMiB: 1024, CpuLoad: 0.1) { Interfaces = [new VmInterface("52:54:00:00:00:02", OnBridge.Kind, OnBridge.Name)] });
        Fleet.AddVm(Host2, new SimulatedVm(new VmName("vm3"), Vcpus: 2, MemoryMiB: 2048, CpuLoad: 0.2));
        Fleet.AddVm(Host3, new SimulatedVm(new VmName("vm4"), Vcpus: 2, MemoryMiB: 2048, CpuLoad: 0.2));
        more?.Invoke(Fleet);
        Engine = new EngineUnderTest(ActivityRegistry.WithElsaActivities().AddFleetActivities(), clock);
        Ledger = new InMemoryReservationLedger();
        Modes = new InMemoryHostModes();
        Turns = new InMemoryMigrationTurns(limits, clock);
        observer = new FleetObserver(Fleet.Directory, Modes, Ledger, clock, new ObserverSettings());
        _ = Engine
            .With<IHypervisorDirectory>(Fleet.Directory)
            .With<IReservationLedger>(Ledger)
            .With<IHostModes>(Modes)
            .With<IMigrationTurns>(Turns)
            .With<IRunStore>(Engine.Store)
            .With<IEventPublisher>(new EventPublisher(Engine.Catalog, Engine.Starter, Engine.Store, Engine.Options, Engine.Signal))
            .With(observer)
            .With(new ConsolidationPolicy { Thresholds = new Thresholds { LoadMin = 0.5, LoadMax = 0.8 }, MinActiveHosts = 2 });
    }

    public SimulatedFleet Fleet { get; }

    public EngineUnderTest Engine { get; }

    public InMemoryReservationLedger Ledger { get; }

    public InMemoryHostModes Modes { get; }

    public InMemoryMigrationTurns Turns { get; }

    /// <param name="limits">How many may be moved at once.</param>
    /// <param name="more">Adds to the fleet before anybody looks at it.</param>
    public static async Task<FleetUnderTest> CreateAsync(TurnLimits? limits = null, Action<SimulatedFleet>? more = null)
    {
        var clock = new FastTime(100);
        var fleet = new FleetUnderTest(clock, limits ?? new TurnLimits(), more);
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

        foreach (var host in new[] { Host1, Host2, Host3 })
        {
            broken.AddRange(Fleet.NetworksOf(host).Where(n => n.IsRetired || !IsUsed(host, n)).Select(n => $"left over on {host}: {n}"));
        }

        broken.AddRange(Fleet.MigratingVms.Select(vm => $"{vm} is still migrating"));
        broken.AddRange((await Ledger.ListAsync(CancellationToken.None)).Select(r => $"left over: {r}"));
        broken.AddRange((await Modes.ListAsync(CancellationToken.None)).Select(m => $"left over: {m}"));
        broken.AddRange((await Turns.ListAsync(CancellationToken.None)).Where(t => t.GrantedAt is not null).Select(t => $"left over: {t}"));
        broken.AddRange((await Engine.Store.ListAsync(new Workflows.Journal.RunFilter { OnlyOpen = true, Limit = 500 }, CancellationToken.None))
            .Select(r => $"run {r.DefinitionId} is {r.Status}: {r.Reason}"));
        return string.Join("; ", broken);
    }

    /// <summary>A network is used by the VM that is plugged into it, and by a network that leads out by it.</summary>
    private bool IsUsed(HostName host, HostNetwork network) =>
        network == OnBridge with { IsRetired = network.IsRetired } ? Lives(Vm2, host) : Lives(Vm1, host) || Lives(Vm2, host);

    private bool Lives(VmName vm, HostName host) => Fleet.CopiesOf(vm).Any(c => c.Host == host);

    public void Dispose()
    {
        observer.Dispose();
        Fleet.Dispose();
    }
}
