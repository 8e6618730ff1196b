using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Tests.Engine;

/// <summary>Gives orders to runs of an engine as the API does, without the API.</summary>
internal static class Orders
{
    /// <summary>Sends the order without judging it first: what the worker says is what is tested.</summary>
    public static async Task OrderAsync(this EngineUnderTest engine, RunId id, RunVerb verb, long? step = null, JsonObject? inputs = null, string? outcome = null, JsonObject? outputs = null, string? found = null)
    {
        var order = new RunOrder(verb, "anna", "a test") { Step = step, Inputs = inputs, Outcome = outcome, Outputs = outputs, Found = found };
        Assert.True(await engine.Store.SendAsync(order.ToStimulus(await engine.FindAsync(id)), CancellationToken.None), $"The run does not take '{verb}'.");
    }

    /// <summary>Sends the order and lets the engine work until it rests.</summary>
    public static async Task<Run> OrderAndWorkAsync(this EngineUnderTest engine, RunId id, RunVerb verb, long? step = null, JsonObject? inputs = null, string? outcome = null, JsonObject? outputs = null, string? found = null)
    {
        await engine.OrderAsync(id, verb, step, inputs, outcome, outputs, found);
        await engine.WorkAsync();
        return await engine.FindAsync(id);
    }

    /// <summary>Why the last order was refused; null when it was carried out.</summary>
    public static async Task<string?> LastRefusalAsync(this EngineUnderTest engine, RunId id) =>
        (await engine.JournalAsync(id)).Select(OrderEntry.Of).Last(e => e is not null)!.Refused;

    public static async Task<RunFacts> FactsAsync(this EngineUnderTest engine, RunId id)
    {
        var run = await engine.FindAsync(id);
        return new RunFacts(run, await engine.StepsAsync(id), await engine.Catalog.FindAsync(run.DefinitionId, run.DefinitionVersion, CancellationToken.None));
    }

    public static async Task<long> NumberOfAsync(this EngineUnderTest engine, RunId id, string activity) =>
        (await engine.StepsAsync(id)).Last(s => s.ActivityId == activity).Number;
}
