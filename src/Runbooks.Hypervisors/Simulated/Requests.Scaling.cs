using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Simulated;

/// <content>Sizes of VMs.</content>
internal sealed partial class Requests
{
    public Result<VmSize> ObserveSize(VmName vm) => FindRunning(vm, out var guest) is { } fault ? fault : GuestSize.Describe(guest);

    public Result<Unit> SetVcpus(VmName vm, int vcpus)
    {
        if (FindRunning(vm, out var guest) is { } fault)
        {
            return fault;
        }

        var size = guest.Size;
        var real = size.GuestVcpus ?? guest.Vcpus;
        var most = Math.Max(size.MaxVcpus, guest.Vcpus);
        if (vcpus < 1 || vcpus > most)
        {
            return Refused($"VM '{vm}' can have 1 to {most} vCPUs while it runs, not {vcpus}.", "Change its definition and start it again to have more.");
        }

        if (vcpus >= guest.Vcpus && real < guest.Vcpus)
        {
            return Refused($"VM '{vm}' has {real} vCPUs in its guest, and {guest.Vcpus} are counted; more can't be plugged in safely.", "Restart the hypervisor's service on this host, and try again.");
        }

        if (vcpus < real && size.Habits.Unplug == UnplugHabit.Keeps)
        {
            return new HypervisorFault(FaultKind.UnknownOutcome, host.Name, $"The unplug of VM '{vm}' timed out.", "The guest has not given vCPUs back, and may do so later. Look into the guest.");
        }

        var isUnnoticed = vcpus < real && size.Habits.Unplug == UnplugHabit.Unnoticed;
        size.GuestVcpus = isUnnoticed || real < guest.Vcpus ? vcpus : null;
        guest.Vcpus = size.GuestVcpus is null ? vcpus : guest.Vcpus;
        size.DefinedVcpus = vcpus;
        return default(Unit);
    }

    public Result<Unit> SetMemory(VmName vm, int memoryMiB)
    {
        if (FindRunning(vm, out var guest) is { } fault)
        {
            return fault;
        }

        var most = Math.Max(guest.Size.MaxMemoryMiB, guest.MemoryMiB);
        if (memoryMiB < 1 || memoryMiB > most)
        {
            return Refused($"VM '{vm}' can have up to {most} MiB while it runs, not {memoryMiB} MiB.", "Change its definition and start it again to have more.");
        }

        if (memoryMiB > guest.MemoryMiB && Shortage(host, memoryMiB - Math.Max(guest.MemoryMiB, guest.Size.BalloonToMiB ?? 0)) is { } shortage)
        {
            return Refused($"VM '{vm}' cannot grow to {memoryMiB} MiB: {shortage}");
        }

        guest.Size.DefinedMemoryMiB = memoryMiB;
        guest.Size.BalloonToMiB = memoryMiB == guest.MemoryMiB ? null : memoryMiB;
        return default(Unit);
    }

    private HypervisorFault? FindRunning(VmName vm, out GuestState guest)
    {
        guest = host.Find(vm)!;
        return guest is null ? Missing(vm)
            : guest.State == VmState.Running ? null
            : Refused($"VM '{vm}' is {guest.State} ({guest.Reason}) here; only a running VM is measured and changed.", "Start it, or look where it runs.");
    }
}
