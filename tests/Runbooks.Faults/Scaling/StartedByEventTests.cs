using System.Text.Json.Nodes;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Tests.Engine;

namespace Runbooks.Faults.Scaling;

/// <summary>The example on the page of scale-vm does what the page says.</summary>
public sealed class StartedByEventTests
{
    [Fact]
    public async Task The_documented_runbook_lets_a_VM_grow_when_a_watcher_says_so_and_not_beyond_its_limit()
    {
        using var fleet = await ScaledFleet.CreateAsync();
        var engine = fleet.Under.Engine;
        var page = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs", "scale-vm.md"));
        var example = JsonNode.Parse($"{{{page.Split("```json")[1].Split("```")[0]}}}")!;
        var root = Definition.Sequence("s");
        root["activities"] = example["activities"]!.DeepClone();
        _ = await engine.LoadAsync(Definition.Of("grow-on-request", root));
        var publisher = new EventPublisher(engine.Catalog, engine.Starter, engine.Store, engine.Options, engine.Signal);

        foreach (var memoryMiB in new[] { 4096, 20_000 })
        {
            var payload = new JsonObject { ["vm"] = ScaledFleet.Vm.Value, ["memoryMiB"] = memoryMiB };
            var told = await publisher.PublishAsync(new WorkflowEvent($"alert-{memoryMiB}", EventKeys.OfEvent("vm-short-of-memory"), payload, "watcher"), CancellationToken.None);
            await engine.WorkAsync();
            Assert.Equal(RunStatus.Finished, (await engine.FindAsync(Assert.Single(told.Started))).Status);
        }

        Assert.Equal("", await fleet.BrokenAsync(FleetUnderTest.Host1, 2, 4096));
    }
}
