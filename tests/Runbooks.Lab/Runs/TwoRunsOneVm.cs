using System.Text.Json.Nodes;
using Runbooks.Lab.Hosts;

namespace Runbooks.Lab.Runs;

/// <summary>Two runs that want the same VM at the same time.</summary>
[Collection(LabCollection.Name)]
public sealed class TwoRunsOneVm(LabHosts lab) : IAsyncLifetime
{
    private readonly Guests guests = new(lab);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await guests.DisposeAsync();

    [Fact]
    public async Task One_moves_it_and_the_other_is_refused_and_told_who_holds_it()
    {
        var server = await lab.ServerAsync();
        var vm = await guests.StartAsync(Guests.Host1, memoryMiB: 128, workingSetMiB: 8, writeMiBs: 2);

        var runs = await Task.WhenAll(new[] { "host2", "host3" }.Select(to =>
            server.RunAsync("migrate-vm", new JsonObject { ["Vm"] = vm.Value, ["Destination"] = to, ["BandwidthMiBs"] = 8 })));
        var ends = await Task.WhenAll(runs.Select(server.EndOfAsync));

        var finished = Assert.Single(ends, e => e.Status == "finished");
        var refused = Assert.Single(ends, e => e.Status != "finished");
        Assert.True(refused.Status == "compensated", $"{refused}");
        Assert.Contains(finished.Id, refused.Reason, StringComparison.Ordinal);
        Assert.False(refused.Has("Runbooks.PreCopy"), $"{refused}");
        await guests.RunsOnlyOnAsync(new(finished.Input("Destination")), vm);
        await server.UntilReleasedAsync(vm);
    }
}
