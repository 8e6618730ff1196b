using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Lab.Hosts;

namespace Runbooks.Lab.Runs;

/// <summary>A consolidation whose destination fails before the VM is committed to it.</summary>
[Collection(LabCollection.Name)]
public sealed class DestinationDies(LabHosts lab) : IAsyncLifetime
{
    /// <summary>Slow enough for a fault to hit the copy, whatever the machine is doing.</summary>
    private const int CopyMiBs = 8;

    private readonly Guests guests = new(lab);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await guests.DisposeAsync();

    [Theory]
    [InlineData("libvirtd")]
    [InlineData("qemu")]
    public async Task The_VM_goes_on_at_its_source_which_stays_on_and_takes_VMs_again(string what)
    {
        var server = await lab.ServerAsync();
        var vm = await guests.StartAsync(Guests.Host1, memoryMiB: 256, workingSetMiB: 64, writeMiBs: 32);
        _ = await lab.VirshAsync(Guests.Host1, "migrate-setspeed", vm.Value, $"{CopyMiBs}");
        await server.UntilAsync("the server sees the VM and three hosts", async () =>
            (await server.SeeHostAsync(Guests.Host1)).Has(vm.Value)
            && (await server.SeeHostAsync(Guests.Host2)).IsUsable && (await server.SeeHostAsync(Guests.Host3)).IsUsable);
        var run = await server.RunAsync("consolidate", new JsonObject { ["LoadMin"] = 0.98, ["LoadMax"] = 0.99, ["MinActiveHosts"] = 2 });
        var move = await MoveUnderWayAsync(server, run);
        Assert.Equal(vm.Value, move.Input("Vm"));
        Assert.Equal("cordoned", (await server.SeeHostAsync(Guests.Host1)).Mode);

        _ = await lab.Lab.RunAsync("enter", move.Input("Destination"), "sh", "-c", what == "libvirtd"
            ? "kill -9 $(cat /run/libvirtd.pid)"
            : $"kill -9 $(cat /run/libvirt/qemu/{vm}.pid)");

        var end = await server.EndOfAsync(run);
        Assert.True(end.Status == "compensated", $"{end}");
        Assert.Contains(vm.Value, end.Reason, StringComparison.Ordinal);
        var moved = await server.EndOfAsync(move.Id);
        Assert.True(moved.Status == "compensated", $"{moved}");
        await guests.RunsOnlyOnAsync(Guests.Host1, vm);
        Assert.Equal(0, await guests.ProcessesAsync(new HostName(move.Input("Destination")), vm));
        Assert.Equal("on", (await lab.Lab.RunAsync("powerstatus", "host1")).Trim());
        await server.UntilReleasedAsync(vm);
        await server.UntilAsync("host1 takes VMs again", async () => (await server.SeeHostAsync(Guests.Host1)).IsUsable);
    }

    /// <summary>The first move of a consolidation, when its memory is being copied.</summary>
    private static async Task<SeenRun> MoveUnderWayAsync(ServerProcess server, string run)
    {
        SeenRun? move = null;
        await server.UntilAsync("the VM's memory is being copied", async () =>
        {
            var seen = await server.SeeAsync(run);
            Assert.False(seen.IsAtRest, $"{seen}");
            move = seen.Children is [var child, ..] ? await server.SeeAsync(child) : null;
            return move?.CopiedBytes > 0;
        });
        return move!;
    }
}
