using System.Text.Json.Nodes;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Approvals;

/// <summary>What a run waits to be answered.</summary>
/// <param name="Id">Run and step: <c>&lt;run&gt;-&lt;step&gt;</c>.</param>
/// <param name="Subject">What is asked, in one sentence.</param>
/// <param name="Details">What a person needs to decide; null for nothing more.</param>
/// <param name="Roles">Whoever has one of them may answer.</param>
/// <param name="PlanHash">What is approved; an answer must name the same. Null: there is no plan.</param>
/// <param name="RequestedAt">Since when it waits.</param>
/// <param name="ExpiresAt">Without an answer until then it is rejected.</param>
public sealed record ApprovalRequest(
    string Id,
    string Subject,
    JsonNode? Details,
    IReadOnlyList<string> Roles,
    string? PlanHash,
    DateTimeOffset RequestedAt,
    DateTimeOffset ExpiresAt)
{
    public const string KeyPrefix = "approval:";

    public string Key => KeyPrefix + Id;

    public static string IdOf(string runId, long step) => $"{runId}-{step}";

    /// <summary>Run and step of an id; null when it is none.</summary>
    public static (RunId Run, long Step)? Parse(string? id)
    {
        var parts = id?.Split('-');
        return parts is [{ Length: 32 } run, { } step] && RunId.TryParse(run, out var runId) && long.TryParse(step, out var number) ? (runId, number) : null;
    }

    public JsonObject ToJson() => new()
    {
        ["approval"] = Id,
        ["subject"] = Subject,
        ["details"] = Details?.DeepClone(),
        ["roles"] = new JsonArray([.. Roles.Select(r => JsonValue.Create(r))]),
        ["planHash"] = PlanHash,
        ["requestedAt"] = RequestedAt.ToString("O"),
        ["expiresAt"] = ExpiresAt.ToString("O"),
    };

    /// <summary>The request that a bookmark, or the state of a step, holds; null when it holds something else.</summary>
    public static ApprovalRequest? From(JsonObject? json) =>
        json?["approval"]?.ToString() is { } id && json["roles"] is JsonArray roles
            ? new ApprovalRequest(
                id,
                json["subject"]?.ToString() ?? "",
                json["details"]?.DeepClone(),
                [.. roles.Select(r => r?.ToString() ?? "")],
                json["planHash"]?.ToString(),
                Time(json["requestedAt"]),
                Time(json["expiresAt"]))
            : null;

    private static DateTimeOffset Time(JsonNode? value) =>
        DateTimeOffset.Parse(value!.ToString(), System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.RoundtripKind);
}
