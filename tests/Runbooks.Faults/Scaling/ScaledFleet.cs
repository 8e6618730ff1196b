using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Scaling;

/// <summary>The fleet under test with a VM that can grow, and a neighbour that leaves it 8 GiB on its host.</summary>
internal sealed class ScaledFleet : IDisposable
{
    public static readonly VmName Vm = new("big");

    private ScaledFleet(FleetUnderTest fleet) => Under = fleet;

    public FleetUnderTest Under { get; }

    public SimulatedFleet World => Under.Fleet;

    /// <summary>The host on which the VM runs.</summary>
    public HostName Home => Under.HomeOf(Vm);

    public static async Task<ScaledFleet> CreateAsync(Action<SimulatedFleet>? prepare = null)
    {
        var under = await FleetUnderTest.CreateAsync();
        under.Fleet.AddVm(FleetUnderTest.Host1, new SimulatedVm(Vm, Vcpus: 2, MemoryMiB: 2048, CpuLoad: 0.1, MaxVcpus: 8, MaxMemoryMiB: 12_288));
        under.Fleet.AddVm(FleetUnderTest.Host1, new SimulatedVm(new VmName("neighbour"), Vcpus: 2, MemoryMiB: 4096, CpuLoad: 0.1));
        prepare?.Invoke(under.Fleet);
        return new ScaledFleet(under);
    }

    public static JsonObject Wish(int? vcpus, int? memoryMiB) => new() { ["Vm"] = Vm.Value, ["Vcpus"] = vcpus, ["MemoryMiB"] = memoryMiB };

    public Task<Run> ScaleAsync(int? vcpus, int? memoryMiB) => Under.Engine.RunAsync("scale-vm", Wish(vcpus, memoryMiB));

    /// <summary>What must hold whatever happened.</summary>
    /// <param name="host">Where the VM is.</param>
    /// <param name="vcpus">vCPUs that it has, now and after its next start.</param>
    /// <param name="memoryMiB">Memory that it has, likewise, MiB.</param>
    public async Task<string> BrokenAsync(HostName host, int vcpus, int memoryMiB)
    {
        var broken = new List<string> { await Under.BrokenInvariantsAsync() };
        if (World.CopiesOf(Vm) is not [{ State: VmState.Running } only] || only.Host != host)
        {
            broken.Add($"{Vm}: {string.Join(", ", World.CopiesOf(Vm).Select(c => $"{c.State} ({c.Reason}) on {c.Host}"))}");
        }
        else if (World.SizeOf(host, Vm) is var size && !(size.HasVcpus(vcpus) && size.HasMemory(memoryMiB)))
        {
            broken.Add($"{size}");
        }

        return string.Join("; ", broken.Where(b => b.Length > 0));
    }

    /// <summary>Requests that change the size of a VM.</summary>
    public static bool Changes(SimulatedOperation operation) => operation is SimulatedOperation.SetVcpus or SimulatedOperation.SetMemory;

    /// <summary>A request that is refused however often it is made.</summary>
    public static void Refuse(SimulatedFleet fleet, SimulatedOperation operation) =>
        fleet.Faults.Add(new OperationFault(FaultEffect.FailBefore, operation, Count: 1000, Kind: FaultKind.Refused));

    public void Dispose() => Under.Dispose();
}
