using System.Text.Json;
using Runbooks.Server.Approvals;
using Runbooks.Server.Views;
using Runbooks.Workflows.Approvals;

namespace Runbooks.Server.Api;

/// <summary>What waits for a person's yes or no.</summary>
internal static class ApprovalEndpoints
{
    public static void MapApprovals(this IEndpointRouteBuilder routes)
    {
        var approvals = routes.MapGroup("/api/approvals").WithTags("Approvals");
        _ = approvals.MapGet("", async (ApprovalDesk desk, CancellationToken cancellationToken) => Results.Json(await desk.WaitingAsync(cancellationToken), ViewJson.Options))
            .WithName("ListApprovals").WithSummary("Approvals that wait for an answer, the one that expires first in front.")
            .Produces<IReadOnlyList<ApprovalView>>();
        _ = approvals.MapGet("/{id}", FindAsync)
            .WithName("GetApproval").WithSummary("An approval, decided or not.")
            .Produces<ApprovalView>().ProducesProblem(StatusCodes.Status404NotFound);
        foreach (var (verb, approved) in new[] { ("approve", true), ("reject", false) })
        {
            _ = approvals.MapPost($"/{{id}}:{verb}", (string id, HttpRequest request, ApprovalDesk desk, CancellationToken cancellationToken) => AnswerAsync(id, approved, request, desk, cancellationToken))
                .WithName(approved ? "Approve" : "Reject").WithSummary(approved ? "Says yes. Names the plan hash when the approval has one; not for whoever started the run." : "Says no.")
                .Accepts<AnswerBody>("application/json").Produces<ApprovalView>(StatusCodes.Status202Accepted)
                .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status403Forbidden)
                .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        }
    }

    private static async Task<IResult> FindAsync(string id, ApprovalDesk desk, CancellationToken cancellationToken) =>
        await desk.FindAsync(id, cancellationToken) is { } found ? Results.Json(found, ViewJson.Options) : Unknown(id);

    private static async Task<IResult> AnswerAsync(string id, bool approved, HttpRequest request, ApprovalDesk desk, CancellationToken cancellationToken)
    {
        var (body, problem) = await RequestBody.ReadAsync(request, ["actor", "reason", "planHash"], cancellationToken);
        if (body is null)
        {
            return problem!;
        }

        var actor = Caller.RequiredActor(request, body);
        var reason = body.RequiredText("reason");
        var hash = body.Text("planHash") is { Length: > 0 } given ? given : null;
        if (body.Errors.Count > 0)
        {
            return Problems.Invalid(Problems.InvalidInput, "The request is not valid", body.Errors);
        }

        return await desk.AnswerAsync(id, approved, actor, hash, reason, cancellationToken) switch
        {
            AnswerOutcome.Taken taken => Results.Json(Receipt(taken), ViewJson.Options, statusCode: StatusCodes.Status202Accepted),
            AnswerOutcome.Over over => Conflict(Problems.ApprovalOver, "The approval is over", over.Why, over.Approval),
            AnswerOutcome.Refused { Objection: ApprovalObjection.Late } late => Conflict(Problems.ApprovalOver, "The approval is over", late.Why, late.Approval),
            AnswerOutcome.Refused { Objection: ApprovalObjection.OtherPlan } other => Conflict(Problems.OtherPlan, "Another plan", other.Why, other.Approval),
            AnswerOutcome.Refused refused => Problems.Of(StatusCodes.Status403Forbidden, Problems.NotAllowed, "Not allowed", refused.Why),
            _ => Unknown(id),
        };
    }

    private static System.Text.Json.Nodes.JsonObject Receipt(AnswerOutcome.Taken taken)
    {
        var receipt = JsonSerializer.SerializeToNode(taken.Approval, ViewJson.Options)!.AsObject();
        receipt["applied"] = taken.Applied;
        return receipt;
    }

    private static IResult Conflict(string code, string title, string why, ApprovalView approval) =>
        Problems.Of(StatusCodes.Status409Conflict, code, title, why, new KeyValuePair<string, object?>("state", approval.State), new KeyValuePair<string, object?>("decidedBy", approval.DecidedBy), new KeyValuePair<string, object?>("planHash", approval.PlanHash));

    private static IResult Unknown(string id) =>
        Problems.Of(StatusCodes.Status404NotFound, Problems.UnknownApproval, "No such approval", $"There is no approval '{id}'. GET /api/approvals lists those that wait.");
}

/// <summary>Body of an answer to an approval.</summary>
internal sealed record AnswerBody(string Actor, string Reason, string? PlanHash);
