using System.Text.Json.Nodes;
using Runbooks.Lab.Hosts;

namespace Runbooks.Lab.Runs;

/// <summary>Whole runs in each mode, and of a guest that writes too fast with each measure. The hosts themselves are asked how it ended.</summary>
[Collection(LabCollection.Name)]
public sealed class MigrationModes(LabHosts lab) : IAsyncLifetime
{
    private readonly Guests guests = new(lab);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await guests.DisposeAsync();

    [Theory]
    [InlineData("PostCopy")]
    [InlineData("Hybrid")]
    [InlineData("Compressed")]
    [InlineData("Parallel")]
    [InlineData("Stopped")]
    public async Task A_guest_is_moved_in_each_mode(string mode)
    {
        var server = await lab.ServerAsync();
        var vm = await guests.StartAsync(Guests.Host1, workingSetMiB: 8, writeMiBs: 4);

        var run = await server.EndOfAsync(await server.RunAsync("migrate-vm", new JsonObject { ["Vm"] = vm.Value, ["Destination"] = "host2", ["Mode"] = mode, ["BandwidthMiBs"] = 32 }));

        Assert.True(run.Status == "finished", $"{run}");
        await guests.RunsOnlyOnAsync(Guests.Host2, vm);
    }

    [Theory]
    [InlineData("RaiseDowntime", "may stand still for")]
    [InlineData("MoreBandwidth", "may take 32 MiB/s")]
    [InlineData("PostCopy", "goes on at the destination")]
    [InlineData("Suspend", "stands still until")]
    public async Task A_guest_that_writes_too_fast_is_moved_by_each_measure(string measure, string said)
    {
        var server = await lab.ServerAsync();
        var vm = await guests.StartAsync(Guests.Host1, memoryMiB: 128, workingSetMiB: 36, writeMiBs: 40);

        var run = await server.EndOfAsync(await server.RunAsync("migrate-vm", Hot(vm.Value, new JsonArray(measure, "Suspend"))));

        Assert.True(run.Status == "finished", $"{run}");
        Assert.Contains(said, run.Output("Runbooks.PreCopy", "Measures"), StringComparison.Ordinal);
        await guests.RunsOnlyOnAsync(Guests.Host2, vm);
    }

    [Fact]
    public async Task A_copy_that_nothing_helps_is_ended_and_the_guest_goes_on_where_it_is()
    {
        var server = await lab.ServerAsync();
        var vm = await guests.StartAsync(Guests.Host1, memoryMiB: 128, workingSetMiB: 36, writeMiBs: 40);
        var input = Hot(vm.Value, new JsonArray("MoreBandwidth", "Abort"));
        input["BandwidthCeilingMiBs"] = 17;
        input["MaxDowntimeMs"] = 100;

        var run = await server.EndOfAsync(await server.RunAsync("migrate-vm", input));

        Assert.True(run.Status == "compensated", $"{run}");
        Assert.Contains("did not converge", run.Reason, StringComparison.Ordinal);
        Assert.Contains("17 MiB/s", run.Reason, StringComparison.Ordinal);
        await guests.RunsOnlyOnAsync(Guests.Host1, vm);
    }

    private static JsonObject Hot(string vm, JsonArray measures) => new()
    {
        ["Vm"] = vm,
        ["Destination"] = "host2",
        ["Mode"] = "PreCopy",
        ["BandwidthMiBs"] = 16,
        ["DowntimeCeilingMs"] = 5000,
        ["TimeLimit"] = "00:00:10",
        ["OnNoConvergence"] = measures,
    };
}
