using System.Text.Json.Nodes;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Tests.Contract;
using Runbooks.Lab.Hosts;
using Runbooks.LabXen.Hosts;

namespace Runbooks.LabXen;

/// <summary>
/// The shipped runbook that gives VMs another size, on Xen machines, whose guests do not tell what they use. These machines have
/// one CPU, so a second vCPU is a matter of the driver's contract.
/// </summary>
[Collection(XenCollection.Name)]
public sealed class XenScaledVms(XenMachines machines) : IAsyncLifetime
{
    private readonly XenHarness hosts = new(machines);

    private static CancellationToken None => CancellationToken.None;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await hosts.DisposeAsync();

    [Fact]
    public async Task A_VM_becomes_bigger_and_only_for_a_reason_smaller_again()
    {
        var vm = await hosts.DefineAsync(new GuestSpec(MemoryMiB: 128, MaxMemoryMiB: 160));
        var started = await hosts.A.StartAsync(vm, None);
        Assert.True(started.IsOk, $"{started}");
        await hosts.UntilGuestIsUpAsync(vm);
        var server = await machines.ServerAsync();

        var up = await ScaleAsync(160);
        var refused = await ScaleAsync(128);
        var down = await ScaleAsync(128, "It is idle.");

        Assert.True(up.Status == "finished", $"{up}");
        Assert.True(refused.Status == "compensated", $"{refused}");
        Assert.Contains("does not say how much memory it uses", refused.Reason, StringComparison.Ordinal);
        Assert.True(down.Status == "finished", $"{down}");
        var size = (await hosts.A.Scaling!.ObserveSizeAsync(vm, None)).Value;
        Assert.True(size.HasMemory(128), $"{size}");
        await server.UntilReleasedAsync(vm);
        await machines.OneCopyBeatsAsync(vm);

        async Task<SeenRun> ScaleAsync(int memoryMiB, string? why = null) => await server.EndOfAsync(
            await server.RunAsync("scale-vm", new JsonObject { ["Vm"] = vm.Value, ["MemoryMiB"] = memoryMiB, ["ShrinkAnywayBecause"] = why }),
            TimeSpan.FromMinutes(3));
    }
}
