using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Tests.Contract;
using Runbooks.Lab.Hosts;
using Runbooks.LabXen.Hosts;

namespace Runbooks.LabXen;

/// <summary>The shipped runbook with VMs that are plugged in, and what it finds out on Xen machines before it begins.</summary>
[Collection(XenCollection.Name)]
public sealed class XenNetworkRuns(XenMachines machines) : IAsyncLifetime
{
    /// <summary>The machines' first cards meet in the lab's switch, which carries VLANs as they are.</summary>
    private static readonly HostNetwork Vlan = new(NetworkKind.Bridge, "rb-vlan42", 42, "eth0");

    private readonly XenHarness hosts = new(machines);

    private static CancellationToken None => CancellationToken.None;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await hosts.DisposeAsync();

    [Fact]
    public async Task A_VM_in_a_VLAN_finds_it_made_at_the_destination_and_the_old_bridge_goes_with_its_last_VM()
    {
        var server = await machines.ServerAsync();
        Assert.True((await hosts.A.Networks!.CreateAsync(Vlan, None)).IsOk);
        var vm = await StartAsync(new GuestSpec { Network = Vlan });
        var mac = Assert.Single((await hosts.A.Networks.ReadInterfacesAsync(vm, None)).Value).Mac;

        var end = await EndAsync(server, vm);

        Assert.True(end.Status == "finished", $"{end}");
        Assert.DoesNotContain(await OursAsync(hosts.A), n => n.Name == Vlan.Name);
        Assert.Contains(Vlan with { IsOurs = true }, await OursAsync(hosts.B));
        Assert.Equal([new VmInterface(mac, NetworkKind.Bridge, Vlan.Name)], (await hosts.B.Networks!.ReadInterfacesAsync(vm, None)).Value);

        // It is the VLAN itself that was made, not only its name: what comes tagged from the other machine arrives on the bridge.
        _ = await machines.ShellAsync(XenMachines.Xen2, "ip address add 10.99.42.2/24 dev \"$1\"", Vlan.Name);
        _ = await machines.ShellAsync(XenMachines.Xen1, "ip link add link eth0 name probe type vlan id 42 && ip address add 10.99.42.1/24 dev probe && ip link set probe up");
        try
        {
            await XenMachines.UntilAsync("xen1 reaches xen2 in the VLAN", async () =>
                (await machines.ShellAsync(XenMachines.Xen1, "timeout 5 bash -c 'exec 3<>/dev/tcp/10.99.42.2/22 && head -c 4 <&3' 2>/dev/null || true")).Contains("SSH-", StringComparison.Ordinal));
        }
        finally
        {
            _ = await machines.ShellAsync(XenMachines.Xen1, "ip link delete probe");
        }
    }

    [Theory]
    [InlineData("disk", "xen2 does not have /guests/", "Mount the storage there")]
    [InlineData("network", "The host itself uses the interface 'eth2'", "Make the bridge there by hand")]
    [InlineData("key", "xen1 does not know the SSH host key of xen2", "On xen1: get the key with ssh-keyscan")]
    public async Task A_move_that_cannot_work_is_refused_before_anything_is_touched(string what, string found, string advice)
    {
        var server = await machines.ServerAsync();
        try
        {
            _ = what switch
            {
                "network" => await machines.ShellAsync(XenMachines.Xen2, "ip address add 10.99.0.2/24 dev eth2"),
                "key" => await machines.ShellAsync(XenMachines.Xen1, "cd /root/.ssh && cp known_hosts trusted && sed -i s/xen2,/elsewhere,/ known_hosts && sed -i 's/^elsewhere,[^ ]*/elsewhere/' known_hosts"),
                _ => string.Empty,
            };
            if (what == "network")
            {
                await hosts.MakeBridgeOnAAsync("office");
                _ = await machines.ShellAsync(XenMachines.Xen1, "ip link set eth2 master office");
            }

            var vm = await StartAsync(new GuestSpec { Network = what == "network" ? new HostNetwork(NetworkKind.Bridge, "office") : null }, what == "disk" ? ["--image", "1"] : []);
            var end = await EndAsync(server, vm);

            Assert.True(end.Status == "compensated", $"{end}");
            Assert.Contains(found, end.Reason, StringComparison.Ordinal);
            Assert.Contains(advice, end.Reason, StringComparison.OrdinalIgnoreCase);
            Assert.False(end.Has("Runbooks.PreCopy"), $"{end}");
            Assert.Equal(VmState.Running, (await hosts.A.ObserveVmAsync(vm, None)).Value.State);
        }
        finally
        {
            _ = await machines.ShellAsync(XenMachines.Xen1, "cd /root/.ssh && { [ ! -e trusted ] || mv trusted known_hosts; }");
            _ = await machines.ShellAsync(XenMachines.Xen2, "ip address flush dev eth2");
        }
    }

    private async Task<VmName> StartAsync(GuestSpec guest, params string[] more)
    {
        var vm = await hosts.DefineAsync(guest, more);
        var started = await hosts.A.StartAsync(vm, None);
        Assert.True(started.IsOk, $"{started}");
        await hosts.UntilGuestIsUpAsync(vm);
        return vm;
    }

    private static async Task<SeenRun> EndAsync(ServerProcess server, VmName vm) =>
        await server.EndOfAsync(await server.RunAsync("migrate-vm", new JsonObject { ["Vm"] = vm.Value, ["Destination"] = "xen2" }), TimeSpan.FromMinutes(6));

    private static async Task<IEnumerable<HostNetwork>> OursAsync(IHypervisor host) => (await host.Networks!.ObserveAsync(None)).Value.Where(n => n.IsOurs);
}
