using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Runbooks.Workflows.Activities;

namespace Runbooks.Server.Tests.Secrets;

/// <summary>Says its secret wherever it can: in the log, as progress, as output, in failures, exceptions and undo notes.</summary>
[Activity("Test", "Test", "Says its secret wherever it can.")]
public sealed class Leaky : ChangeActivity
{
    [Input(Required = true)]
    public Input<string> Key { get; } = new();

    [Input]
    public Input<string> Mode { get; } = new();

    [Output]
    public Output<JsonNode> Result { get; } = new();

    /// <summary>How often the value arrived as it should.</summary>
    public static int Arrived { get; set; }

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var key = context.Get(Key)!;
        Arrived += key == CanaryTests.Canary ? 1 : 0;
        context.GetRequiredService<ILoggerFactory>().CreateLogger("Runbooks.Leaky").LogError(new InvalidOperationException($"inner {key}"), "the key is {Key}", key);
        await context.ReportProgressAsync(new JsonObject { ["said"] = key });
        return context.Get(Mode) switch
        {
            "throw" => throw new InvalidOperationException($"tool --key {key} ended", new InvalidOperationException(key)),
            "fail" => new EffectResult.Failed($"tool --key {key} ended with 1"),
            _ => new EffectResult.Done(new JsonObject { [nameof(Result)] = new JsonObject { ["echo"] = key, [key] = new JsonArray(key) } }),
        };
    }

    protected override Task<Reconciliation> ReconcileAsync(EffectContext context) =>
        Task.FromResult<Reconciliation>(new Reconciliation.NotDone($"nothing with {context.Get(Key)}"));

    protected override Task<UndoResult> UndoAsync(EffectContext context) =>
        Task.FromResult<UndoResult>(new UndoResult.Undone($"took back {context.Get(Key)}"));
}
