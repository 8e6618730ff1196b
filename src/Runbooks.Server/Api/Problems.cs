using Microsoft.AspNetCore.Mvc;
using Runbooks.Server.Access;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Api;

/// <summary>Errors of the API: problem+json (RFC 9457) with a <c>code</c> that never changes its meaning.</summary>
internal static class Problems
{
    public const string UnknownRunbook = "unknown-runbook";
    public const string InvalidInput = "invalid-input";
    public const string MalformedBody = "malformed-body";
    public const string InvalidQuery = "invalid-query";
    public const string UnknownRun = "unknown-run";
    public const string CannotStartNow = "cannot-start";
    public const string NotNow = "not-allowed-in-this-state";
    public const string UnknownTask = "unknown-task";
    public const string TaskNotWaiting = "task-not-waiting";
    public const string TaskDoneOtherwise = "task-done-otherwise";
    public const string KeyReused = "idempotency-key-reused";
    public const string UnknownApproval = "unknown-approval";
    public const string ApprovalOver = "approval-over";
    public const string OtherPlan = "other-plan";
    public const string NotAllowed = "not-allowed";
    public const string NotJson = "not-json";
    public const string CrossOrigin = "cross-origin";
    public const string Unavailable = "unavailable";
    public const string Internal = "internal-error";

    public static IResult Of(int status, string code, string title, string detail, params IEnumerable<KeyValuePair<string, object?>> more)
    {
        var problem = new ProblemDetails { Status = status, Title = title, Detail = detail, Type = $"urn:runbooks:problem:{code}" };
        problem.Extensions["code"] = code;
        foreach (var (key, value) in more)
        {
            problem.Extensions[key] = value;
        }

        return Results.Problem(problem);
    }

    /// <summary>Bad request; <c>errors</c> holds, for each field, what is wrong with it.</summary>
    public static IResult Invalid(string code, string title, IEnumerable<(string Field, string Message)> errors)
    {
        var byField = errors.GroupBy(e => e.Field, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Select(e => e.Message).ToArray(), StringComparer.Ordinal);
        var detail = string.Join(" ", byField.SelectMany(e => e.Value.Select(m => $"{e.Key}: {m}")));
        return Of(StatusCodes.Status400BadRequest, code, title, detail, new KeyValuePair<string, object?>("errors", byField));
    }

    /// <summary>Another run is open; <c>cannotStart</c> is Elsa's name for it.</summary>
    public static IResult CannotStart(StartAnswer.Refused refused) => Of(
        StatusCodes.Status409Conflict,
        CannotStartNow,
        "Another run is open",
        $"{refused.Reason} Wait for its end, or cancel it.",
        new KeyValuePair<string, object?>("cannotStart", true),
        new KeyValuePair<string, object?>("runId", refused.OpenRun.ToString()));

    /// <summary>Forbidden; names the roles that it takes.</summary>
    public static IResult Lacks(Person person, Permission permission) =>
        Of(StatusCodes.Status403Forbidden, NotAllowed, "Not allowed", person.Lacks(permission));

    public static IResult NotJsonBody(HttpRequest request) =>
        Of(StatusCodes.Status415UnsupportedMediaType, NotJson, "JSON expected", $"The content type is '{request.ContentType}'; send application/json.");

    public static IResult NoSuchRun(string id) =>
        Of(StatusCodes.Status404NotFound, UnknownRun, "No such run", $"There is no run '{id}'. GET /api/runs lists the runs.");
}
