using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Lab.Hosts;

namespace Runbooks.Lab.Runs;

/// <summary>Whole runs of VMs that are plugged in, and what a run finds out before it begins.</summary>
[Collection(LabCollection.Name)]
public sealed class NetworkRuns(LabHosts lab) : IAsyncLifetime
{
    private static readonly HostNetwork Bridge = new(NetworkKind.Bridge, "rb-guests", null, "eth1");

    private readonly Guests guests = new(lab);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await guests.DisposeAsync();
        foreach (var host in new[] { Guests.Host1, Guests.Host2, Guests.Host3 })
        {
            await LabHosts.RemoveNetworksAsync(lab.Fleet.Hypervisor(host));
        }
    }

    [Fact]
    public async Task A_missing_bridge_is_made_the_switch_learns_the_new_place_and_the_old_bridge_goes_with_its_last_VM()
    {
        var server = await lab.ServerAsync();
        await MakeAsync(Guests.Host1, Bridge);
        var vm = await guests.StartAsync(Guests.Host1, more: ["--bridge", Bridge.Name]);
        var mac = (await lab.Fleet.Hypervisor(Guests.Host1).Networks!.ReadInterfacesAsync(vm, CancellationToken.None)).Value.Single().Mac;
        Assert.True((await lab.Fleet.Hypervisor(Guests.Host1).Networks!.AnnounceAsync(vm, CancellationToken.None)).IsOk);
        await server.UntilAsync("the switch knows where it is", async () => await BehindAsync(mac) == "host1");

        var run = await server.EndOfAsync(await server.RunAsync("migrate-vm", new JsonObject { ["Vm"] = vm.Value, ["Destination"] = "host2" }));

        Assert.True(run.Status == "finished", $"{run}");
        await guests.RunsOnlyOnAsync(Guests.Host2, vm);
        await server.UntilAsync("the switch has learnt the new place", async () => await BehindAsync(mac) == "host2");
        Assert.DoesNotContain(Bridge.Name, await OursAsync(Guests.Host1));
        Assert.Contains(Bridge.Name, await OursAsync(Guests.Host2));

        // QEMU has announced it by itself at its arrival; that we can do it too shows when the switch has forgotten.
        await lab.Lab.RunAsync("fdb-forget", mac);
        await server.UntilAsync("QEMU is quiet", async () =>
        {
            var known = await BehindAsync(mac);
            await lab.Lab.RunAsync("fdb-forget", mac);
            return known.Length == 0;
        });
        Assert.True((await lab.Fleet.Hypervisor(Guests.Host2).Networks!.AnnounceAsync(vm, CancellationToken.None)).IsOk);
        await server.UntilAsync("the switch was told", async () => await BehindAsync(mac) == "host2");
    }

    [Fact]
    public async Task A_network_that_was_made_goes_again_when_the_run_is_cancelled()
    {
        var server = await lab.ServerAsync();
        await MakeAsync(Guests.Host1, Bridge);
        var vm = await guests.StartAsync(Guests.Host1, memoryMiB: 256, workingSetMiB: 64, writeMiBs: 1, more: ["--bridge", Bridge.Name]);
        var run = await server.RunAsync("migrate-vm", new JsonObject { ["Vm"] = vm.Value, ["Destination"] = "host2", ["BandwidthMiBs"] = 4 });
        await server.UntilAsync("memory is being copied", async () => (await server.SeeAsync(run)).CopiedBytes > 0);
        Assert.Contains(Bridge.Name, await OursAsync(Guests.Host2));

        _ = await server.CancelAsync(run);
        var end = await server.EndOfAsync(run);

        Assert.True(end.Status == "cancelled", $"{end}");
        await guests.RunsOnlyOnAsync(Guests.Host1, vm);
        Assert.DoesNotContain(Bridge.Name, await OursAsync(Guests.Host2));
        Assert.Contains(Bridge.Name, await OursAsync(Guests.Host1));
    }

    [Theory]
    [InlineData("key", "host1 does not know the SSH host key of host2", "On host1: get the key with ssh-keyscan")]
    [InlineData("changed", "The SSH host key of host2 is not the one that host1 has in /root/.ssh/known_hosts", "ssh-keygen -f /root/.ssh/known_hosts -R")]
    [InlineData("disk", "host2 does not have /var/lib/libvirt/only-here.img", "Mount the storage there")]
    [InlineData("other-disk", "is not the file that VM", "The VM would run on a stale copy")]
    [InlineData("network", "The host itself uses the interface 'eth1'", "Make the bridge there by hand")]
    public async Task A_move_that_cannot_work_is_refused_before_anything_is_touched(string what, string found, string advice)
    {
        var server = await lab.ServerAsync();
        var knownHosts = Path.Combine(lab.Folder, "host1", "root", ".ssh", "known_hosts");
        var trusted = await File.ReadAllTextAsync(knownHosts);
        try
        {
            string[] more = what switch
            {
                "disk" => ["--disk", "/var/lib/libvirt/only-here.img"],
                "other-disk" => ["--disk", "/var/lib/libvirt/same-name.img"],
                "network" => ["--bridge", "office"],
                _ => [],
            };
            if (what == "network")
            {
                await lab.Lab.RunAsync("enter", "host1", "sh", "-c", "ip link add office type bridge; ip link set eth1 master office; ip link set office up");
                await lab.Lab.RunAsync("enter", "host2", "ip", "address", "add", "10.99.0.2/24", "dev", "eth1");
            }

            if (what == "other-disk")
            {
                await lab.Lab.RunAsync("enter", "host2", "truncate", "-s", "2M", "/var/lib/libvirt/same-name.img");
            }

            var vm = await guests.StartAsync(Guests.Host1, more: more);
            var without = trusted.Replace("host2,10.77.0.12", "elsewhere", StringComparison.Ordinal);
            await File.WriteAllTextAsync(knownHosts, what switch
            {
                "key" => without,
                "changed" => without.Replace("host3,10.77.0.13", "host3,10.77.0.13,host2,10.77.0.12", StringComparison.Ordinal),
                _ => trusted,
            });

            var run = await server.EndOfAsync(await server.RunAsync("migrate-vm", new JsonObject { ["Vm"] = vm.Value, ["Destination"] = "host2" }));

            Assert.True(run.Status == "compensated", $"{run}");
            Assert.Contains(found, run.Reason, StringComparison.Ordinal);
            Assert.Contains(advice, run.Reason, StringComparison.OrdinalIgnoreCase);
            Assert.False(run.Has("Runbooks.PreCopy"), $"{run}");
            await guests.RunsOnlyOnAsync(Guests.Host1, vm);
        }
        finally
        {
            await File.WriteAllTextAsync(knownHosts, trusted);
            if (what == "network")
            {
                _ = await lab.Lab.TryAsync("enter", "host1", "ip", "link", "delete", "office");
                _ = await lab.Lab.TryAsync("enter", "host2", "ip", "address", "flush", "dev", "eth1");
            }
        }
    }

    /// <summary>
    /// The hosts of a lab are alike, and libvirt writes down what a running guest really got. So the promise is changed, not
    /// the guest.
    /// </summary>
    [Fact]
    public async Task A_CPU_that_a_host_does_not_have_does_not_fit()
    {
        var vm = await guests.StartAsync(Guests.Host1);
        var needs = (await lab.Fleet.Hypervisor(Guests.Host1).MoveChecks!.ReadNeedsAsync(vm, CancellationToken.None)).Value;
        Assert.Contains("qemu64", needs.Cpu, StringComparison.Ordinal);
        var more = needs with { Cpu = needs.Cpu!.Replace("qemu64", "Skylake-Server", StringComparison.Ordinal) };

        var offer = await lab.Fleet.Hypervisor(Guests.Host2).MoveChecks!.ReadOfferAsync(more, Guests.Host1, CancellationToken.None);

        Assert.True(offer is { IsOk: true, Value.Cpu: CpuFit.DoesNotFit }, $"{offer}");
        Assert.Contains("does not provide required features", offer.Value.CpuWords, StringComparison.Ordinal);
    }

    private async Task MakeAsync(HostName host, HostNetwork network)
    {
        var made = await lab.Fleet.Hypervisor(host).Networks!.CreateAsync(network, CancellationToken.None);
        Assert.True(made.IsOk, $"{made}");
    }

    private async Task<IEnumerable<string>> OursAsync(HostName host)
    {
        var seen = await lab.Fleet.Hypervisor(host).Networks!.ObserveAsync(CancellationToken.None);
        return seen.Value.Where(n => n.IsOurs).Select(n => n.Name);
    }

    private async Task<string> BehindAsync(string mac) => (await lab.Lab.RunAsync("fdb", mac)).Trim();
}
