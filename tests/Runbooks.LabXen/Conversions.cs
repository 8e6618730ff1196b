using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;
using Runbooks.Lab.Hosts;
using Runbooks.LabXen.Hosts;

namespace Runbooks.LabXen;

/// <summary>
/// The shipped runbook between a real libvirt host and a real Xen machine. The first line of the guest's disk counts its boots:
/// proof that under each hypervisor it has booted with what was written under the other.
/// </summary>
[Collection(XenCollection.Name)]
public sealed class Conversions(XenMachines machines) : IAsyncLifetime
{
    private const string Images = "/var/lib/libvirt/images";
    private const string Guests = "/guests";

    private readonly VmName vm = XenMachines.NewName();

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(6);

    private static CancellationToken None => CancellationToken.None;

    private IHypervisor Kvm => machines.Fleet.Hypervisor(XenMachines.Kvm1);

    private IHypervisor Xen => machines.Fleet.Hypervisor(XenMachines.Xen1);

    public Task InitializeAsync() => machines.Lab.RunAsync("guest-define", vm.Value, XenMachines.Kvm1.Value, "--image", "16", "--plain", "1");

    public async Task DisposeAsync()
    {
        await machines.RemoveAsync(XenMachines.Xen1, vm);
        _ = await Kvm.DestroyAsync(vm, None);
        var definition = await Kvm.Definitions!.ReadAsync(vm, None);
        if (definition.IsOk)
        {
            _ = await Kvm.UndefineAsync(vm, None);
        }
    }

    [Fact]
    public async Task A_VM_goes_to_Xen_and_back_with_what_is_on_its_disk()
    {
        Ok(await Kvm.StartAsync(vm, None));
        await UntilAliveAsync();
        var server = await machines.ServerAsync();

        // Out, from a guest that runs, killed in the middle of the way.
        var there = await server.RunAsync("convert-vm", Input(XenMachines.Xen1, Guests));
        await XenMachines.UntilAsync("the source is held", async () => await HolderAsync(Kvm) is not null || (await server.SeeAsync(there)).IsAtRest, Limit);
        await server.KillAsync();
        await server.StartAsync();
        await EndsAsync(server, there);

        Assert.Equal(VmState.Running, (await Xen.ObserveVmAsync(vm, None)).Value.State);
        Assert.Equal(FaultKind.NotFound, (await Kvm.ObserveVmAsync(vm, None)).Fault?.Kind);
        await XenMachines.UntilAsync("it has counted its second boot", async () => (await BootsAsync(XenMachines.Xen1, $"{Guests}/{vm}.img")) == 2, Limit);
        await machines.OneCopyBeatsAsync(vm);

        // And back, into the format that it came from, under another name: the original is still there.
        Assert.Equal(1, await BootsAsync(XenMachines.Kvm1, $"{Images}/{vm}.qcow2"));
        await machines.Lab.RunAsync("enter", XenMachines.Kvm1.Value, "mv", $"{Images}/{vm}.qcow2", $"{Images}/{vm}-before.qcow2");
        var back = await server.RunAsync("convert-vm", Input(XenMachines.Kvm1, Images, ("DiskFormat", "qcow2"), ("DeleteSourceDisks", true), ("RequireAgent", true)));
        await EndsAsync(server, back);

        Assert.Equal(FaultKind.NotFound, (await Xen.ObserveVmAsync(vm, None)).Fault?.Kind);
        Assert.Equal(3, await BootsAsync(XenMachines.Kvm1, $"{Images}/{vm}.qcow2"));
        Assert.Equal("", (await machines.ShellAsync(XenMachines.Xen1, "ls -A /guests | grep -F -e \"$1\" -e .runbooks || true", vm.Value)).Trim());
        await server.UntilReleasedAsync(vm);
    }

    [Fact]
    public async Task A_VM_that_does_not_boot_under_Xen_goes_back_to_where_it_ran()
    {
        // A kernel that Xen refuses: what the guest boots under KVM must not matter to the way back.
        Ok(await Kvm.StartAsync(vm, None));
        await UntilAliveAsync();
        await machines.Lab.RunAsync("enter", XenMachines.Kvm1.Value, "sh", "-c", "cp \"$1/vmlinuz\" \"$1/$2.kernel\" && dd if=/dev/zero of=\"$1/$2.kernel\" bs=1M seek=1 count=4 conv=notrunc status=none", "sh", Images, vm.Value);
        var definition = (await Kvm.Definitions!.ReadAsync(vm, None)).Value;
        Ok(await Kvm.Definitions.ReplaceAsync(vm, definition, definition with { Text = definition.Text.Replace($"{Images}/vmlinuz", $"{Images}/{vm}.kernel", StringComparison.Ordinal) }, None));
        var server = await machines.ServerAsync();

        var run = await server.RunAsync("convert-vm", Input(XenMachines.Xen1, Guests));
        await XenMachines.UntilAsync("the run has ended", async () => (await server.SeeAsync(run)).IsAtRest, Limit);

        var end = await server.SeeAsync(run);
        Assert.Contains("could not be started", end.Reason, StringComparison.Ordinal);
        Assert.Equal(FaultKind.NotFound, (await Xen.ObserveVmAsync(vm, None)).Fault?.Kind);
        Assert.Equal("", (await machines.ShellAsync(XenMachines.Xen1, "ls -A /guests | grep -F -e \"$1\" -e .runbooks || true", vm.Value)).Trim());
        Assert.Null(await HolderAsync(Kvm));
        Assert.Equal(VmState.Running, (await Kvm.ObserveVmAsync(vm, None)).Value.State);
        Assert.Equal("compensated", end.Status);
    }

    private JsonObject Input(HostName destination, string folder, params (string Name, JsonNode Value)[] more)
    {
        var input = new JsonObject
        {
            ["Vm"] = vm.Value,
            ["Destination"] = destination.Value,
            ["StopIfRunning"] = true,
            ["Folder"] = folder,
            ["BootsWithin"] = "00:05:00",
        };
        foreach (var (name, value) in more)
        {
            input[name] = value;
        }

        return input;
    }

    private async Task EndsAsync(ServerProcess server, string run)
    {
        using var limit = new CancellationTokenSource(Limit);
        var seen = await server.SeeAsync(run);
        for (; !seen.IsAtRest && !limit.IsCancellationRequested; seen = await server.SeeAsync(run))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500));
        }

        Assert.True(seen.Status == "finished", $"{seen}\n{string.Join('\n', seen.Detail["steps"]!.AsArray().TakeLast(4).Select(s => s!.ToJsonString()))}\nXen: {await Xen.ObserveVmAsync(vm, None)}\nKVM: {await Kvm.ObserveVmAsync(vm, None)}, agent {await Kvm.AskGuestAsync(vm, None)}");
    }

    private async Task UntilAliveAsync() =>
        await XenMachines.UntilAsync("the guest's agent answers", async () => await Kvm.AskGuestAsync(vm, None) is { IsOk: true, Value: GuestAnswer.Alive }, Limit);

    private async Task<string?> HolderAsync(IHypervisor host) => await host.Definitions!.ReadAsync(vm, None) is { IsOk: true, Value: var definition } ? HeldDefinition.HolderOf(definition) : null;

    /// <summary>The number in the first line of a disk, whatever its format.</summary>
    private async Task<int> BootsAsync(HostName host, string path)
    {
        const string Read = "case $1 in *.qcow2) qemu-img convert -U -O raw \"$1\" /tmp/boots.$$ && head -c 16 /tmp/boots.$$; rm -f /tmp/boots.$$;; *) head -c 16 \"$1\";; esac";
        var line = await machines.Lab.RunAsync("enter", host.Value, "sh", "-c", Read, "sh", path);
        return int.TryParse(line.Split('\n')[0].Trim('\0', ' '), out var boots) ? boots : 0;
    }

    private static void Ok(Result<Unit> result) => Assert.True(result.IsOk, $"{result}");
}
