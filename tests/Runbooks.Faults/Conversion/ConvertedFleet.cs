using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Conversion;

/// <summary>The fleet under test with a host of Xen beside those of KVM, and a VM that is to change from one to the other.</summary>
internal sealed class ConvertedFleet : IDisposable
{
    public static readonly HostName Kvm = FleetUnderTest.Host1;
    public static readonly HostName Xen = new("xen1");
    public static readonly VmName Vm = new("old");

    private readonly HostName home;
    private readonly SimulatedFile before;

    private ConvertedFleet(FleetUnderTest fleet, Options options)
    {
        (Under, home, Wish) = (fleet, options.Home, options);
        before = World.FilesOf(home).Single(f => f.Path == options.Disk);
    }

    /// <summary>What the VM is like, and what is asked for.</summary>
    public sealed record Options
    {
        public HostName Home { get; init; } = Kvm;

        public bool IsRunning { get; init; }

        public string Disk { get; init; } = "/images/old.qcow2";

        public string Format { get; init; } = "qcow2";

        public bool IsShared { get; init; }

        public GuestAnswer Answer { get; init; } = GuestAnswer.Alive;

        /// <summary>Share of its CPU that the guest uses; one that uses none has no other sign of life than its agent.</summary>
        public double CpuLoad { get; init; } = 0.2;

        public bool DeleteSourceDisks { get; init; }

        public Action<SimulatedFleet> Trouble { get; init; } = _ => { };
    }

    public FleetUnderTest Under { get; }

    public Options Wish { get; }

    public SimulatedFleet World => Under.Fleet;

    public HostName Destination => home == Kvm ? Xen : Kvm;

    /// <summary>Where the disk comes to.</summary>
    public string Target => Wish.Disk.Replace(".qcow2", ".img", StringComparison.Ordinal);

    public JsonObject Input => new()
    {
        ["Vm"] = Vm.Value,
        [nameof(Destination)] = Destination.Value,
        ["StopIfRunning"] = Wish.IsRunning,
        ["BootsWithin"] = "00:00:30",
        ["ShutDownWithin"] = "00:00:30",
        ["DeleteSourceDisks"] = Wish.DeleteSourceDisks,
    };

    public static async Task<ConvertedFleet> CreateAsync(Options options)
    {
        var under = await FleetUnderTest.CreateAsync(more: fleet =>
        {
            fleet.AddHost(new SimulatedHost(Xen, Cpus: 8, MemoryMiB: 16_384, Pool: "xen", Priority: 9) { Hypervisor = HypervisorKind.Xen });
            fleet.AddVm(
                options.Home,
                new SimulatedVm(Vm, Vcpus: 1, MemoryMiB: 1024, CpuLoad: options.CpuLoad) { Answer = options.Answer, Disks = [new SimulatedDisk(options.Disk, options.Format, 1024, options.IsShared)] },
                options.IsRunning ? VmState.Running : VmState.ShutOff);
        });
        options.Trouble(under.Fleet);
        return new ConvertedFleet(under, options);
    }

    public Task<Run> ConvertAsync() => Under.Engine.RunAsync("convert-vm", Input);

    /// <summary>What must hold whatever happened, for a VM that has been converted or has not.</summary>
    public async Task<string> BrokenAsync(bool isConverted)
    {
        var broken = new List<string> { await Under.BrokenInvariantsAsync() };
        var (host, state) = isConverted ? (Destination, VmState.Running) : (home, Wish.IsRunning ? VmState.Running : VmState.ShutOff);
        if (World.CopiesOf(Vm) is not [var only] || only.Host != host || only.State != state)
        {
            broken.Add($"{Vm}: {string.Join(", ", World.CopiesOf(Vm).Select(c => $"{c.State} ({c.Reason}) on {c.Host}"))}");
        }
        else if (World.HolderOf(host, Vm) is { } holder)
        {
            broken.Add($"{Vm} is held by {holder} on {host}");
        }

        broken.AddRange(World.CopiesUnderWay.Select(c => $"copy {c} is under way"));
        foreach (var on in new[] { Kvm, Xen })
        {
            broken.AddRange(World.FilesOf(on).Where(f => f.Mark is not null || f.Path.EndsWith("-mark", StringComparison.Ordinal)).Select(f => $"left over on {on}: {f}"));
        }

        broken.AddRange(isConverted ? BrokenFiles() : BrokenSource());
        return string.Join("; ", broken.Where(b => b.Length > 0));
    }

    /// <summary>The original is as it was, unless it was to be deleted; the copy holds what it held, and was started with since.</summary>
    private IEnumerable<string> BrokenFiles()
    {
        var original = World.FilesOf(home).SingleOrDefault(f => f.Path == Wish.Disk);
        var copy = World.FilesOf(Destination).SingleOrDefault(f => f.Path == Target);
        if (copy is null || copy.Content != before.Content || copy.Boots <= before.Boots || (Destination == Xen && copy.Format != "raw"))
        {
            yield return $"the disk at the destination is {copy}, and was {before}";
        }

        if (!Wish.IsShared && (Wish.DeleteSourceDisks ? original is not null : original != before))
        {
            yield return $"the original disk is {original}, and was {before}";
        }
    }

    /// <summary>The disk is where it was, and nothing of the VM is at the destination.</summary>
    private IEnumerable<string> BrokenSource()
    {
        var original = World.FilesOf(home).SingleOrDefault(f => f.Path == Wish.Disk);
        if (original is null || original.Content != before.Content || (!Wish.IsRunning && !Wish.IsShared && original != before))
        {
            yield return $"the disk is {original}, and was {before}";
        }

        foreach (var file in World.FilesOf(Destination).Where(f => f.Content == before.Content && !Wish.IsShared))
        {
            yield return $"left over on {Destination}: {file}";
        }
    }

    public void Dispose() => Under.Dispose();
}
