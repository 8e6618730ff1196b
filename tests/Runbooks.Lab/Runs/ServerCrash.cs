using System.Text.Json.Nodes;
using Runbooks.Lab.Hosts;

namespace Runbooks.Lab.Runs;

/// <summary>The server dies while a VM is under way between real hosts.</summary>
[Collection(LabCollection.Name)]
public sealed class ServerCrash(LabHosts lab) : IAsyncLifetime
{
    private readonly Guests guests = new(lab);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await guests.DisposeAsync();

    [Fact]
    public async Task A_run_whose_server_was_killed_during_the_pre_copy_finishes_after_the_restart_and_leaves_nothing_over()
    {
        var server = await lab.ServerAsync();
        var vm = await guests.StartAsync(Guests.Host1, memoryMiB: 256, workingSetMiB: 16, writeMiBs: 4);
        var run = await server.RunAsync("migrate-vm", new JsonObject { ["Vm"] = vm.Value, ["Destination"] = "host2", ["BandwidthMiBs"] = 12 });
        await server.UntilAsync("memory is being copied", async () => (await server.SeeAsync(run)).CopiedBytes > 0);

        await server.KillAsync();
        Assert.Contains("Unbounded", await lab.VirshAsync(Guests.Host1, "domjobinfo", vm.Value), StringComparison.Ordinal);
        Assert.Equal(1, await guests.ProcessesAsync(Guests.Host2, vm));
        await server.StartAsync();

        var end = await server.EndOfAsync(run);
        Assert.True(end.Status == "finished", $"{end}");
        await guests.RunsOnlyOnAsync(Guests.Host2, vm);
        Assert.Equal(0, await guests.ProcessesAsync(Guests.Host1, vm));
        await server.UntilReleasedAsync(vm);
    }
}
