using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Tests.Contract;
using Runbooks.Lab.Hosts;

namespace Runbooks.LabXen.Hosts;

/// <summary>The two Xen machines for one test, with the guests that it makes.</summary>
public sealed class XenHarness(XenMachines machines) : ContractHarness
{
    private readonly List<VmName> guests = [];
    private readonly List<string> bridges = [];

    public override IHypervisor A => machines.Fleet.Hypervisor(XenMachines.Xen1);

    public override IHypervisor B => machines.Fleet.Hypervisor(XenMachines.Xen2);

    public override IHostPower PowerA => machines.Fleet.Power(XenMachines.Xen1);

    public override IHostPower PowerB => machines.Fleet.Power(XenMachines.Xen2);

    /// <summary>The machines are emulated: a copy of 96 MiB was seen to take 15 s alone and 90 s on a busy machine.</summary>
    public override TimeSpan Limit => TimeSpan.FromMinutes(4);

    public override TimeSpan Pause => TimeSpan.FromMilliseconds(200);

    /// <summary>Only what the guest writes depends on it: xl can't be slowed down, and needs not be.</summary>
    public override int SlowMiBs => 1;

    public override bool HoldIsCertain => false;

    /// <summary>The machine's spare card.</summary>
    public override string Uplink => "eth2";

    public override bool HasVirtualNetworks => false;

    public override bool CanAnnounce => false;

    public override bool GuestsTellMemoryUsed => false;

    public override async Task MakeBridgeOnAAsync(string name)
    {
        bridges.Add(name);
        _ = await machines.ShellAsync(XenMachines.Xen1, "ip link add \"$1\" type bridge && ip link set \"$1\" up", name);
    }

    public override Task<VmName> DefineAsync(GuestSpec guest) => DefineAsync(guest, []);

    /// <param name="guest">The guest.</param>
    /// <param name="more">Options of the lab's own.</param>
    public async Task<VmName> DefineAsync(GuestSpec guest, IReadOnlyList<string> more)
    {
        ArgumentNullException.ThrowIfNull(guest);
        var name = XenMachines.NewName();
        guests.Add(name);
        await machines.Lab.RunAsync(
        [
            "guest-define", name.Value, XenMachines.Xen1.Value,
            "--memory", $"{guest.MemoryMiB}",
            "--vcpus", $"{guest.Vcpus}",
            "--max-memory", $"{guest.MaxMemoryMiB}",
            "--max-vcpus", $"{guest.MaxVcpus}",
            "--cpu", $"{(int)(guest.CpuLoad * 100)}",
            "--ws", $"{guest.WorkingSetMiB}",
            "--rate", $"{guest.WriteMiBs}",
            .. guest.Network is { } network ? (string[])["--bridge", network.Name] : [],
            .. more,
        ]);
        return name;
    }

    public override Task UntilGuestIsUpAsync(VmName vm) =>
        XenMachines.UntilAsync($"{vm} beats", async () => (await machines.BeatsAsync(vm)).Count > 0, Limit);

    public override async Task<string> MakeImageOnAAsync(string format, int kib)
    {
        var path = $"/root/image-{Guid.NewGuid():n}.img";
        _ = await machines.ShellAsync(XenMachines.Xen1, "head -c \"$2\"K /dev/urandom >\"$1.raw\" && qemu-img convert -f raw -O \"$3\" \"$1.raw\" \"$1\" && rm \"$1.raw\"", path, $"{kib}", format);
        return path;
    }

    public override Task PauseOnAAsync(VmName vm) => machines.ShellAsync(XenMachines.Xen1, "xl pause \"$1\"", vm.Value);

    public override async ValueTask DisposeAsync()
    {
        foreach (var bridge in bridges)
        {
            _ = await machines.ShellAsync(XenMachines.Xen1, "ip link delete \"$1\" || true", bridge);
        }

        foreach (var host in new[] { XenMachines.Xen1, XenMachines.Xen2 })
        {
            await machines.Lab.RunAsync("poweron", host.Value);
            await machines.Lab.RunAsync("heal", host.Value);
            await XenMachines.UntilAsync($"{host} answers", async () => (await machines.Fleet.Hypervisor(host).ObserveAsync(CancellationToken.None)).IsOk, Limit);
            foreach (var guest in guests)
            {
                await machines.RemoveAsync(host, guest);
            }

            await LabHosts.RemoveNetworksAsync(machines.Fleet.Hypervisor(host));
        }
    }
}
