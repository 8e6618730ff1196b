using System.Text.Json.Nodes;
using Runbooks.Workflows.Approvals;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Approvals;

/// <summary>An approval as people see it.</summary>
/// <param name="State">waiting, approved, rejected, or withdrawn when the run does not wait for it any more.</param>
/// <param name="PlanHash">What an answer must name; null: nothing.</param>
/// <param name="RequestedBy">Who started the run, or the run that it is a part of; null when nobody said.</param>
/// <param name="MayApprove">Everybody who could approve it: has one of the roles and did not ask for it.</param>
public sealed record ApprovalView(
    string Id,
    string Run,
    string Runbook,
    long Step,
    string State,
    string Subject,
    JsonNode? Details,
    IReadOnlyList<string> Roles,
    string? PlanHash,
    string? RequestedBy,
    IReadOnlyList<string> MayApprove,
    DateTimeOffset RequestedAt,
    DateTimeOffset ExpiresAt,
    string? DecidedBy,
    string? Reason)
{
    public const string Waiting = "waiting";

    public static ApprovalView Of(Run run, ActivityExecution step, ApprovalRequest request, string? requester, IReadOnlyList<string> mayApprove)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(request);
        return new ApprovalView(
            request.Id,
            run.Id.ToString(),
            run.DefinitionId,
            step.Number,
            StateOf(step),
            request.Subject,
            request.Details,
            request.Roles,
            request.PlanHash,
            requester,
            mayApprove,
            request.RequestedAt,
            request.ExpiresAt,
            step.Outputs[nameof(RequestApproval.DecidedBy)]?.ToString(),
            step.Outputs[nameof(RequestApproval.Reason)]?.ToString());
    }

    private static string StateOf(ActivityExecution step) => step.Status switch
    {
        ActivityStatus.Running => Waiting,
        ActivityStatus.Completed => step.Outputs[nameof(RequestApproval.Decision)]?.ToString().ToLowerInvariant() ?? "withdrawn",
        _ => "withdrawn",
    };
}
