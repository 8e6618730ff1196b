using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Lab.Hosts;

namespace Runbooks.Lab.Runs;

/// <summary>VMs that get another size while they run.</summary>
[Collection(LabCollection.Name)]
public sealed class ScaledVms(LabHosts lab) : IAsyncLifetime
{
    private readonly Guests guests = new(lab);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await guests.DisposeAsync();

    [Fact]
    public async Task A_VM_becomes_bigger_and_smaller_again_and_its_guest_goes_on()
    {
        var server = await lab.ServerAsync();
        var vm = await StartAsync(memoryMiB: 160, maxVcpus: 2, maxMemoryMiB: 224);

        var up = await EndAsync(server, Wish(vm, 2, 224));
        Assert.True(up.Status == "finished", $"{up}");
        await HasAsync(Guests.Host1, vm, vcpus: 2, memoryMiB: 224);

        // libvirt gives the unplug up as timed out; that the guest has followed is seen.
        var down = await EndAsync(server, Wish(vm, 1, 128));
        Assert.True(down.Status == "finished", $"{down}");
        await HasAsync(Guests.Host1, vm, vcpus: 1, memoryMiB: 128);
        await guests.RunsOnlyOnAsync(Guests.Host1, vm);
        await server.UntilReleasedAsync(vm);
    }

    [Fact]
    public async Task Memory_is_not_taken_below_what_the_guest_uses()
    {
        var server = await lab.ServerAsync();
        var vm = await StartAsync(memoryMiB: 224, maxVcpus: 2, maxMemoryMiB: 224, workingSetMiB: 96);
        await server.UntilAsync("the guest has touched its working set", async () => (await SizeAsync(Guests.Host1, vm)) is { IsOk: true, Value.MemoryUsedMiB: > 140 });

        var run = await EndAsync(server, Wish(vm, 2, 128));

        Assert.True(run.Status == "compensated", $"{run}");
        Assert.Contains("The guest of VM", run.Reason, StringComparison.Ordinal);
        Assert.Contains("128 MiB are too few", run.Reason, StringComparison.Ordinal);
        await HasAsync(Guests.Host1, vm, vcpus: 1, memoryMiB: 224);
        await guests.RunsOnlyOnAsync(Guests.Host1, vm);
    }

    [Fact]
    public async Task When_memory_can_t_be_changed_the_vcpus_are_given_back()
    {
        var server = await lab.ServerAsync();
        var vm = await StartAsync(memoryMiB: 160, maxVcpus: 2, maxMemoryMiB: 160);

        // Without a balloon nothing can be taken from a guest, and nobody knows what it uses.
        await lab.Lab.RunAsync("enter", "host1", "sh", "-c", $"v='virsh -q -c qemu:///system'; $v destroy {vm}; $v dumpxml {vm} | sed \"s/<memballoon model='virtio'/<memballoon model='none'/; /<stats period/d; /<memballoon/,/<.memballoon>/{{/<address/d}}\" >/tmp/{vm}.xml && $v define /tmp/{vm}.xml && $v start {vm}");
        await AgentAsync(server, vm);
        var wish = Wish(vm, 2, 128);
        wish["ShrinkAnywayBecause"] = "A test of what happens then.";

        var run = await EndAsync(server, wish);

        Assert.True(run.Status == "compensated", $"{run}");
        Assert.True(run.Has("Runbooks.ScaleMemory"), $"{run}");
        await HasAsync(Guests.Host1, vm, vcpus: 1, memoryMiB: 160);
        await server.UntilReleasedAsync(vm);
    }

    [Fact]
    public async Task A_VM_that_finds_no_room_to_grow_is_moved_to_a_host_that_has_it()
    {
        var server = await lab.ServerAsync();
        var vm = await StartAsync(memoryMiB: 160, maxVcpus: 2, maxMemoryMiB: 512);

        // QEMU takes what a guest touches, so this one is big in the books alone.
        var host = await lab.Fleet.Hypervisor(Guests.Host1).ObserveAsync(CancellationToken.None);
        var filler = await guests.StartAsync(Guests.Host1, memoryMiB: host.Value.MemoryMiB - 400);
        await server.UntilAsync("the server sees all of it", async () =>
            (await server.SeeHostAsync(Guests.Host1)).Has(filler.Value) && (await server.SeeHostAsync(Guests.Host2)).IsUsable && (await server.SeeHostAsync(Guests.Host3)).IsUsable);

        var run = await EndAsync(server, Wish(vm, null, 480));

        Assert.True(run.Status == "finished", $"{run}");
        var move = await server.SeeAsync(Assert.Single(run.Children));
        Assert.Equal(("finished", "host1"), (move.Status, move.Input("Source")));
        var there = new HostName(move.Input("Destination"));
        await HasAsync(there, vm, vcpus: 1, memoryMiB: 480);
        await guests.RunsOnlyOnAsync(there, vm);
        await server.UntilReleasedAsync(vm);
    }

    private static JsonObject Wish(VmName vm, int? vcpus, int memoryMiB) => new() { ["Vm"] = vm.Value, ["Vcpus"] = vcpus, ["MemoryMiB"] = memoryMiB };

    private static async Task<SeenRun> EndAsync(ServerProcess server, JsonObject wish) => await server.EndOfAsync(await server.RunAsync("scale-vm", wish));

    private Task<Result<VmSize>> SizeAsync(HostName host, VmName vm) => lab.Fleet.Hypervisor(host).Scaling!.ObserveSizeAsync(vm, CancellationToken.None);

    private async Task<VmName> StartAsync(int memoryMiB, int maxVcpus, int maxMemoryMiB, int workingSetMiB = 0)
    {
        var vm = await guests.StartAsync(Guests.Host1, memoryMiB, workingSetMiB, workingSetMiB > 0 ? 8 : 0, maxVcpus, maxMemoryMiB);
        var server = await lab.ServerAsync();
        await AgentAsync(server, vm);
        await server.UntilAsync($"the server sees {vm}", async () => (await server.SeeHostAsync(Guests.Host1)).Has(vm.Value));
        return vm;
    }

    private Task AgentAsync(ServerProcess server, VmName vm) =>
        server.UntilAsync($"the agent of {vm} answers", async () => (await lab.Lab.TryAsync("enter", "host1", "virsh", "-q", "-c", "qemu:///system", "guestvcpus", vm.Value)).Code == 0);

    /// <summary>Asked on the host's own console: what the guest works with, and what its definition says.</summary>
    private async Task HasAsync(HostName host, VmName vm, int vcpus, int memoryMiB)
    {
        var online = await lab.VirshAsync(host, "guestvcpus", vm.Value);
        Assert.Contains(vcpus == 1 ? "online         : 0\n" : $"online         : 0-{vcpus - 1}\n", online, StringComparison.Ordinal);
        var defined = await lab.VirshAsync(host, "dumpxml", "--inactive", vm.Value);
        Assert.Contains($"<currentMemory unit='KiB'>{memoryMiB * 1024}</currentMemory>", defined, StringComparison.Ordinal);
        Assert.Contains(vcpus == 2 ? "<vcpu placement='static'>2</vcpu>" : defined.Contains("current='1'", StringComparison.Ordinal) ? "current='1'" : "<vcpu placement='static'>1</vcpu>", defined, StringComparison.Ordinal);
        Assert.True((await SizeAsync(host, vm)) is { IsOk: true, Value: var size } && size.HasVcpus(vcpus) && size.HasMemory(memoryMiB), $"{await SizeAsync(host, vm)}");
    }
}
