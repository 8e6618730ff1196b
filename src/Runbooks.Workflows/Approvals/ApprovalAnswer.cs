using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Approvals;

/// <summary>A person's answer to an approval, with what was known of the person when it was given.</summary>
/// <param name="Approved">True: approved; false: rejected.</param>
/// <param name="By">Who answers.</param>
/// <param name="Roles">The roles that the person has.</param>
/// <param name="Requester">Who started the run, or the run that it is a part of; null when nobody said.</param>
/// <param name="PlanHash">What the person looked at.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">When it was given, by the clock of the server that took it.</param>
public sealed record ApprovalAnswer(bool Approved, string By, IReadOnlyList<string> Roles, string? Requester, string? PlanHash, string Reason, DateTimeOffset At)
{
    public string Decision => Approved ? ApprovalDecisions.Approved : ApprovalDecisions.Rejected;

    public JsonObject ToJson() => new()
    {
        ["decision"] = Decision,
        ["by"] = By,
        ["roles"] = new JsonArray([.. Roles.Select(r => JsonValue.Create(r))]),
        ["requester"] = Requester,
        ["planHash"] = PlanHash,
        ["reason"] = Reason,
        ["at"] = At.ToString("O"),
    };

    /// <summary>The answer that a stimulus brings; null when it brings something else.</summary>
    public static ApprovalAnswer? From(JsonNode? json) =>
        json is JsonObject answer && answer["by"]?.ToString() is { Length: > 0 } by
        && answer["decision"]?.ToString() is { } decision && decision is ApprovalDecisions.Approved or ApprovalDecisions.Rejected
        && DateTimeOffset.TryParse(answer["at"]?.ToString(), System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.RoundtripKind, out var at)
            ? new ApprovalAnswer(
                answer["decision"]!.ToString() == ApprovalDecisions.Approved,
                by,
                [.. (answer["roles"] as JsonArray ?? []).Select(r => r?.ToString() ?? "")],
                answer["requester"]?.ToString(),
                answer["planHash"]?.ToString(),
                answer["reason"]?.ToString() ?? "",
                at)
            : null;
}

/// <summary>How an approval can end.</summary>
public static class ApprovalDecisions
{
    public const string Approved = "Approved";
    public const string Rejected = "Rejected";
}
