using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Approvals;

/// <summary>
/// Waits for a person with one of the roles to say yes or no. No answer in time is a no. Whoever started the run can't
/// approve it, and an answer counts only for the plan that was asked for.
/// </summary>
[Activity("Runbooks", "Approvals", "Waits until somebody with one of the roles approves or rejects; no answer in time is a rejection.", DisplayName = "Request approval")]
[FlowNode(ApprovalDecisions.Approved, ApprovalDecisions.Rejected)]
public sealed class RequestApproval : Activity
{
    /// <summary>In the state of the step: what is asked, for people and for the check of the answer.</summary>
    public const string RequestState = "request";

    private static readonly System.TimeSpan Longest = System.TimeSpan.FromDays(365);

    [Input(Required = true, Description = "What is to be approved, in one sentence.")]
    public Input<string> Subject { get; } = new();

    [Input(Description = "What a person needs to decide: a text, or an object such as a plan.", UiHint = "multiline")]
    public Input<JsonNode> Details { get; } = new();

    [Input(Required = true, Description = "Whoever has one of these roles may answer.", UiHint = "multitext")]
    public Input<string[]> Roles { get; } = new();

    [Input(Description = "Without an answer for so long it is rejected. More than zero, at most 365 days.", DefaultValue = "1.00:00:00", DisplayName = "Expires after")]
    public Input<System.TimeSpan> ExpiresAfter { get; } = new();

    [Input(Description = "Hash of the plan that is approved; an answer must name the same. Empty: there is no plan.", DisplayName = "Plan hash")]
    public Input<string> PlanHash { get; } = new();

    [Output(Description = "Who decided; empty when nobody did in time.")]
    public Output<string> DecidedBy { get; } = new();

    [Output(Description = "Approved or Rejected.")]
    public Output<string> Decision { get; } = new();

    [Output(Description = "What was given as the reason.")]
    public Output<string> Reason { get; } = new();

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        var roles = (context.Get(Roles) ?? []).Where(r => !string.IsNullOrWhiteSpace(r)).ToArray();
        var time = context.Get(ExpiresAfter);
        if (roles.Length == 0)
        {
            throw new FaultException("The approval names no role, so nobody could answer it. Give it roles.");
        }

        if (time <= System.TimeSpan.Zero || time > Longest)
        {
            throw new FaultException($"The approval would expire after {time}; it can be more than zero, and at most {Longest.TotalDays:0} days.");
        }

        if (context.IsDryRun)
        {
            context.WriteJournal(JournalEvents.NotDone, $"Would ask for approval: {context.Get(Subject)}");
            End(context, ApprovalDecisions.Approved, "dry run", "Nobody was asked: this is a dry run.");
            return ValueTask.CompletedTask;
        }

        var hash = context.Get(PlanHash);
        var now = context.Now;
        var request = new ApprovalRequest(
            ApprovalRequest.IdOf(context.RunId, context.Execution.Number),
            context.Get(Subject) ?? "",
            context.Get(Details),
            roles,
            string.IsNullOrEmpty(hash) ? null : hash,
            now,
            now + time);
        context.State[RequestState] = request.ToJson();
        _ = context.CreateBookmark(request.ExpiresAt, request.ToJson(), request.Key);
        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnResumedAsync(ActivityExecutionContext context, Bookmark bookmark, JsonNode? input)
    {
        ArgumentNullException.ThrowIfNull(bookmark);
        var request = ApprovalRequest.From(bookmark.Payload) ?? throw new FaultException($"Bookmark {bookmark.Id} does not hold an approval.");
        if (ApprovalAnswer.From(input) is not { } answer)
        {
            End(context, ApprovalDecisions.Rejected, null, $"Nobody answered until {request.ExpiresAt:u}.");
            return ValueTask.CompletedTask;
        }

        switch (ApprovalRule.Check(request, answer))
        {
            case null:
                End(context, answer.Decision, answer.By, answer.Reason);
                break;
            case (ApprovalObjection.Late, var message):
                context.WriteJournal(JournalEvents.Stimulus, $"{answer.Decision} by {answer.By} is refused: {message}");
                End(context, ApprovalDecisions.Rejected, null, $"Nobody answered until {request.ExpiresAt:u}.");
                break;
            case (_, var message):
                // It goes on waiting for an answer that counts.
                context.WriteJournal(JournalEvents.Stimulus, $"{answer.Decision} by {answer.By} is refused: {message}");
                _ = context.CreateBookmark(request.ExpiresAt, bookmark.Payload, bookmark.Key);
                break;
        }

        return ValueTask.CompletedTask;
    }

    private void End(ActivityExecutionContext context, string decision, string? by, string reason)
    {
        context.Set(DecidedBy, by);
        context.Set(Decision, decision);
        context.Set(Reason, reason);
        context.Complete(decision);
    }
}
