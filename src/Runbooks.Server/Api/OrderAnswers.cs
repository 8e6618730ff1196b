using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Server.Logging;
using Runbooks.Server.Orders;
using Runbooks.Server.Views;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Api;

/// <summary>Answers to orders as HTTP.</summary>
internal static class OrderAnswers
{
    public static IResult Of(string id, OrderAnswer answer) => answer switch
    {
        OrderAnswer.Accepted accepted => Results.Json(Receipt(accepted), ViewJson.Options, statusCode: StatusCodes.Status202Accepted),
        OrderAnswer.NotNow no => Problems.Of(
            StatusCodes.Status409Conflict,
            Problems.NotNow,
            "Not allowed in this state",
            Why(no),
            new KeyValuePair<string, object?>("state", ViewWords.Of(no.Run.Status)),
            new KeyValuePair<string, object?>("allowed", Words(no.Allowed))),
        OrderAnswer.Invalid invalid => Problems.Invalid(Problems.InvalidInput, "The request is not valid", invalid.Errors),
        OrderAnswer.KeyReused reused => KeyReused(reused.Run),
        _ => Problems.NoSuchRun(id),
    };

    /// <summary>One run's answer within a bulk request.</summary>
    public static JsonObject Line(RunId id, OrderAnswer answer)
    {
        var line = new JsonObject { ["id"] = id.ToString(), ["accepted"] = answer is OrderAnswer.Accepted };
        var (run, allowed) = answer switch
        {
            OrderAnswer.Accepted accepted => (accepted.Run, accepted.Allowed),
            OrderAnswer.NotNow no => (no.Run, no.Allowed),
            OrderAnswer.KeyReused reused => (reused.Run, []),
            _ => (null, []),
        };
        line["run"] = run is null ? null : JsonSerializer.SerializeToNode(RunView.Of(run), ViewJson.Options);
        line["allowed"] = JsonSerializer.SerializeToNode(Words(allowed));
        line["problem"] = answer switch
        {
            OrderAnswer.NotNow no => Why(no),
            OrderAnswer.Invalid invalid => string.Join(" ", invalid.Errors.Select(e => $"{e.Field}: {e.Message}")),
            OrderAnswer.KeyReused => "The idempotency key belongs to another order.",
            OrderAnswer.UnknownRun => "There is no such run.",
            _ => null,
        };
        return line;
    }

    /// <summary>The head of the run after the order, whether it was carried out already, and what may be asked next.</summary>
    private static JsonObject Receipt(OrderAnswer.Accepted accepted)
    {
        var receipt = JsonSerializer.SerializeToNode(RunView.Of(accepted.Run), ViewJson.Options)!.AsObject();
        receipt["applied"] = accepted.Applied;
        receipt["allowed"] = JsonSerializer.SerializeToNode(Words(accepted.Allowed));
        return receipt;
    }

    private static string Why(OrderAnswer.NotNow no) =>
        $"Run {no.Run.Id} is {RunWords.Of(no.Run.Status)}. {no.Why} {(no.Allowed.Count == 0 ? "Nothing can be asked of it any more." : $"Now it can be asked to: {string.Join(", ", Words(no.Allowed))}.")}";

    private static string[] Words(IReadOnlyList<RunVerb> verbs) => [.. verbs.Select(v => v.Word())];

    private static IResult KeyReused(Run run) => Problems.Of(
        StatusCodes.Status422UnprocessableEntity,
        Problems.KeyReused,
        "Idempotency key used for another request",
        $"The key belongs to another order, to run {run.Id}. Use a new key for a new order.",
        new KeyValuePair<string, object?>("runId", run.Id.ToString()));
}
