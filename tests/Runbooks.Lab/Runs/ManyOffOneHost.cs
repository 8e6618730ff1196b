using System.Text.Json.Nodes;
using Runbooks.Lab.Hosts;

namespace Runbooks.Lab.Runs;

/// <summary>A host is emptied, and no more of its VMs migrate at once than may.</summary>
[Collection(LabCollection.Name)]
public sealed class ManyOffOneHost(LabHosts lab) : IAsyncLifetime
{
    private const int MayLeaveAtOnce = 3;

    private readonly Guests guests = new(lab);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await guests.DisposeAsync();

    [Fact]
    public async Task Four_vms_leave_several_at_once_but_no_more_than_may_and_each_runs_on_elsewhere()
    {
        var server = await lab.ServerAsync();
        var vms = new[]
        {
            await guests.StartAsync(Guests.Host1), await guests.StartAsync(Guests.Host1), await guests.StartAsync(Guests.Host1), await guests.StartAsync(Guests.Host1),
        };
        await server.UntilAsync("the server has seen the guests", async () => await server.SeeHostAsync(Guests.Host1) is var host && vms.All(v => host.Has(v.Value)));

        // Slow enough that they would all be under way together if they might.
        var run = await server.RunAsync("evacuate-host", new JsonObject { ["Host"] = "host1", ["Destinations"] = "host2", ["BandwidthMiBs"] = 16 });
        var most = 0;
        await server.UntilAsync("the run is at rest", async () =>
        {
            var jobs = await Task.WhenAll(vms.Select(v => lab.Lab.TryAsync("enter", "host1", "virsh", "-q", "-c", "qemu:///system", "domjobinfo", v.Value)));
            most = Math.Max(most, jobs.Count(j => j.Code == 0 && j.Output.Contains("Unbounded", StringComparison.Ordinal)));
            return (await server.SeeAsync(run)).IsAtRest;
        });

        var end = await server.EndOfAsync(run);
        Assert.True(end.Status == "finished", $"{end}");
        Assert.InRange(most, 2, MayLeaveAtOnce);
        foreach (var vm in vms)
        {
            await guests.RunsOnlyOnAsync(Guests.Host2, vm);
            await server.UntilReleasedAsync(vm);
        }

        Assert.True((await server.SeeHostAsync(Guests.Host1)).IsUsable);
    }
}
