using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Tests.Contract;

namespace Runbooks.Lab.Hosts;

/// <summary>Two of the lab's hosts for one test, with the guests that it makes.</summary>
public sealed class LibvirtHarness(LabHosts lab) : ContractHarness
{
    private static readonly HostName First = new("host1");
    private static readonly HostName Second = new("host2");
    private static int count;

    private readonly List<VmName> guests = [];
    private readonly List<string> bridges = [];

    public override IHypervisor A => lab.Fleet.Hypervisor(First);

    public override IHypervisor B => lab.Fleet.Hypervisor(Second);

    public override IHostPower PowerA => lab.Fleet.Power(First);

    public override IHostPower PowerB => lab.Fleet.Power(Second);

    /// <summary>QEMU is only asked for the shortest downtime, which a guest that pauses its writing can meet.</summary>
    public override bool HoldIsCertain => false;

    /// <summary>Low, because an emulated guest that writes fast was seen to crash when it is moved, by bare virsh too.</summary>
    public override int SlowMiBs => 8;

    public override TimeSpan Limit => TimeSpan.FromMinutes(2);

    public override async Task<VmName> DefineAsync(GuestSpec guest)
    {
        var name = new VmName($"guest{Interlocked.Increment(ref count)}");
        guests.Add(name);
        await lab.Lab.RunAsync(
        [
            "guest-define", name.Value, First.Value,
            "--memory", $"{guest.MemoryMiB}",
            "--vcpus", $"{guest.Vcpus}",
            "--max-memory", $"{guest.MaxMemoryMiB}",
            "--max-vcpus", $"{guest.MaxVcpus}",
            "--cpu", $"{(int)(guest.CpuLoad * 100)}",
            "--ws", $"{guest.WorkingSetMiB}",
            "--rate", $"{guest.WriteMiBs}",
            .. guest.Network is { } network ? (string[])[network.Kind == NetworkKind.Bridge ? "--bridge" : "--network", network.Name] : [],
        ]);
        return name;
    }

    public override async Task UntilGuestIsUpAsync(VmName vm)
    {
        // The guest's load starts before its agent, and the agent is what hears a shutdown.
        using var limit = new CancellationTokenSource(Limit);
        while ((await lab.Lab.TryAsync("enter", First.Value, "virsh", "-q", "-c", "qemu:///system", "qemu-agent-command", vm.Value, """{"execute":"guest-ping"}""")).Code != 0)
        {
            await Task.Delay(Pause, limit.Token);
        }
    }

    /// <summary>Asked of the kernel that all hosts of a lab share.</summary>
    public override bool KnowsVlans => lab.KnowsVlans;

    public override async Task MakeBridgeOnAAsync(string name)
    {
        bridges.Add(name);
        await lab.Lab.RunAsync("enter", First.Value, "ip", "link", "add", name, "type", "bridge");
        await lab.Lab.RunAsync("enter", First.Value, "ip", "link", "set", name, "up");
    }

    /// <summary>The hosts share one folder of images, and each has a home of its own.</summary>
    public override async Task<string> MakeImageOnAAsync(string format, int kib)
    {
        const string Make = "head -c \"$2\"K /dev/urandom >\"$1.raw\" && qemu-img convert -f raw -O \"$3\" \"$1.raw\" \"$1\" && rm \"$1.raw\"";
        var path = $"/root/image-{Guid.NewGuid():n}.img";
        await lab.Lab.RunAsync("enter", First.Value, "sh", "-c", Make, "sh", path, $"{kib}", format);
        return path;
    }

    public override Task PauseOnAAsync(VmName vm) => lab.VirshAsync(First, "suspend", vm.Value);

    public override async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        foreach (var bridge in bridges)
        {
            await lab.Lab.TryAsync("enter", First.Value, "ip", "link", "delete", bridge);
        }

        foreach (var host in new[] { First, Second })
        {
            var hypervisor = lab.Fleet.Hypervisor(host);
            await lab.Lab.RunAsync("poweron", host.Value);
            await lab.Lab.RunAsync("heal", host.Value);
            await lab.Lab.RunAsync("virtd-start", host.Value);
            while (!(await hypervisor.ObserveAsync(limit.Token)).IsOk)
            {
                await Task.Delay(Pause, limit.Token);
            }

            foreach (var guest in guests)
            {
                await hypervisor.DestroyAsync(guest, limit.Token);
                await hypervisor.UndefineAsync(guest, limit.Token);
            }

            await LabHosts.RemoveNetworksAsync(hypervisor);
        }
    }
}
