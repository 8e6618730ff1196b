using System.Globalization;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Activities.Migration.Checks;

/// <summary>Only hosts of one pool and one hypervisor exchange running VMs.</summary>
internal sealed class PoolCheck : IMoveCheck
{
    public string Name => "pool";

    public CheckResult Judge(MoveFacts facts) =>
        facts.Source.Hypervisor != facts.Destination.Hypervisor
            ? this.Failed(
                $"VM {facts.Vm.Name} runs under {facts.Source.Hypervisor} on {facts.Source.Name}, and {facts.Destination.Name} is a host of {facts.Destination.Hypervisor}; a running VM can't change its hypervisor.",
                $"Choose a host of {facts.Source.Hypervisor}.")
            : !string.Equals(facts.Source.Pool, facts.Destination.Pool, StringComparison.Ordinal)
            ? this.Failed($"VM {facts.Vm.Name} is in pool '{facts.Source.Pool}' and host {facts.Destination.Name} in pool '{facts.Destination.Pool}'; only hosts of one pool exchange VMs.")
            : !facts.CanMigrateLive ? this.Failed($"Host {facts.Source.Name} can't migrate running VMs.")
            : this.Ok($"Both hosts are in pool '{facts.Source.Pool}'.");
}

/// <summary>Nothing of the VM may be on the destination.</summary>
internal sealed class LeftoverCheck : IMoveCheck
{
    public string Name => "leftovers";

    public CheckResult Judge(MoveFacts facts) =>
        !facts.AtDestination.IsOk ? this.Failed($"The destination can't be asked. {facts.AtDestination.Fault}")
        : facts.AtDestination.Value.Vms.FirstOrDefault(v => v.Name == facts.Vm.Name) is { } inTheWay
            ? this.Failed($"Host {facts.Destination.Name} already has a VM {facts.Vm.Name} ({inTheWay.State}, {inTheWay.StateReason}), probably left over from an earlier move.", "Look at it and undefine it there, then start again.")
            : this.Ok($"{facts.Destination.Name} has no VM of this name.");
}

/// <summary>The destination has room, beside what is reserved there for others.</summary>
internal sealed class RoomCheck : IMoveCheck
{
    public string Name => "room";

    public CheckResult Judge(MoveFacts facts)
    {
        if (!facts.AtDestination.IsOk)
        {
            return this.NotSeen(facts.AtDestination.Fault);
        }

        var free = HostRoom.FreeMemoryMiB(facts.AtDestination.Value);

        // One that has arrived and is about to release its reservation counts once.
        var coming = facts.Reserved.Where(r => !facts.AtDestination.Value.Vms.Any(v => v.Name == r.Vm)).ToArray();
        var reserved = coming.Sum(r => r.MemoryMiB);
        var words = reserved == 0 ? "" : $", {reserved} MiB of it reserved for {string.Join(", ", coming.Select(r => r.Vm.Value).Order(StringComparer.Ordinal))}";
        return free - reserved < facts.Vm.MemoryMiB
            ? this.Failed($"Host {facts.Destination.Name} has {free} MiB free{words}, VM {facts.Vm.Name} needs {facts.Vm.MemoryMiB} MiB.")
            : this.Ok($"{free} MiB are free{words}; {facts.Vm.MemoryMiB} MiB are needed.");
    }
}

/// <summary>The destination's CPU can do what the guest was promised.</summary>
internal sealed class CpuCheck : IMoveCheck
{
    public string Name => "cpu";

    public CheckResult Judge(MoveFacts facts) => (facts.Needs, facts.Offer) switch
    {
        ({ IsOk: true, Value.Cpu: null }, _) => this.Skipped("The guest takes whatever CPU it gets."),
        (_, { IsOk: true, Value: { Cpu: CpuFit.Fits } offer }) => this.Ok(offer.CpuWords),
        (_, { IsOk: true, Value: { Cpu: CpuFit.DoesNotFit } offer }) => this.Failed(
            $"The CPU of {facts.Destination.Name} is not enough for VM {facts.Vm.Name}: {offer.CpuWords}",
            "Choose a host with a CPU at least as capable, or give the VM a CPU model that all hosts of the pool have, and restart it."),
        (_, { IsOk: true, Value: var offer }) => this.Skipped($"{facts.Destination.Name} can't compare CPUs: {offer.CpuWords}"),
        var (needs, offer) => this.NotSeen(needs?.Fault ?? offer?.Fault),
    };
}

/// <summary>The destination sees each disk, and it is the same one.</summary>
internal sealed class StorageCheck : IMoveCheck
{
    public string Name => "storage";

    public CheckResult Judge(MoveFacts facts)
    {
        if (facts is not { Needs: { IsOk: true, Value: var needs }, Offer: { IsOk: true, Value: var offer } })
        {
            return this.NotSeen(facts.Needs?.Fault ?? facts.Offer?.Fault);
        }

        var (from, to) = (facts.Source.Name, facts.Destination.Name);
        var missing = needs.Disks.Where(d => Seen(offer.Disks, d) is null).ToArray();
        var others = needs.Disks.Where(d => d.Seen is { } here && Seen(offer.Disks, d) is { } there && !IsSame(here, there)).ToArray();
        return needs.Disks.Count == 0 ? this.Skipped("The VM has no disk on its host.")
            : missing.Length > 0 ? this.Failed(
                $"{to} does not have {Paths(missing)}, or can't read it.",
                $"Mount the storage there at the same path as on {from}, or give the VM a disk on shared storage.")
            : others.Length > 0 ? this.Failed(
                $"What lies at {Paths(others)} on {to} is not the file that VM {facts.Vm.Name} uses on {from}: {Words(others[0].Seen!)} there, {Words(Seen(offer.Disks, others[0])!)} here.",
                "The VM would run on a stale copy. Mount the same storage on both hosts.")
            : needs.Disks.Any(d => d.Seen is null) ? this.Skipped($"{from} can't read its own disks, so they can't be compared.")
            : this.Ok($"{to} sees the same {(needs.Disks.Count == 1 ? "disk" : $"{needs.Disks.Count} disks")}.");
    }

    private static FileSight? Seen(IEnumerable<VmDisk> disks, VmDisk disk) =>
        disks.FirstOrDefault(d => string.Equals(d.Path, disk.Path, StringComparison.Ordinal))?.Seen;

    /// <summary>An image that is written to grows between two looks, and a network file system tells of it late.</summary>
    private const long Growth = 64L * 1024 * 1024;

    private static bool IsSame(FileSight here, FileSight there) =>
        here.Inode == there.Inode && Math.Abs(here.Bytes - there.Bytes) <= (here.Inode == 0 ? 0 : Growth);

    private static string Paths(IEnumerable<VmDisk> disks) => string.Join(", ", disks.Select(d => d.Path));

    private static string Words(FileSight file) => string.Create(CultureInfo.InvariantCulture, $"inode {file.Inode}, {file.Bytes} bytes");
}
