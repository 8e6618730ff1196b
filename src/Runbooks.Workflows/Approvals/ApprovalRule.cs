using Runbooks.Workflows.Operations;

namespace Runbooks.Workflows.Approvals;

/// <summary>Why an answer does not count.</summary>
public enum ApprovalObjection
{
    /// <summary>It came after the time was over, and silence had counted as no.</summary>
    Late,

    /// <summary>Whoever answers has none of the roles.</summary>
    NoRole,

    /// <summary>Nobody approves what they asked for themselves.</summary>
    OwnRequest,

    /// <summary>Nobody said who asked for it, so nobody can be told apart from them.</summary>
    UnnamedRequester,

    /// <summary>The answer is about another plan.</summary>
    OtherPlan,
}

/// <summary>Who may answer what. Pure; asked before an answer is sent and again where it takes effect.</summary>
public static class ApprovalRule
{
    /// <summary>Why the answer does not count, with a sentence for people; null when it does.</summary>
    public static (ApprovalObjection Objection, string Message)? Check(ApprovalRequest request, ApprovalAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(answer);
        if (answer.At > request.ExpiresAt)
        {
            return (ApprovalObjection.Late, $"The time for '{request.Subject}' was over at {request.ExpiresAt:u}, and no answer counts as no. Start the run again to ask again.");
        }

        if (!answer.Roles.Any(r => request.Roles.Contains(r, StringComparer.OrdinalIgnoreCase)))
        {
            return (ApprovalObjection.NoRole, $"'{answer.By}' has {(answer.Roles.Count == 0 ? "no role" : $"only {string.Join(", ", answer.Roles)}")}; '{request.Subject}' asks for {string.Join(" or ", request.Roles)}. Roles are given in Access:People.");
        }

        if (answer.Approved && answer.Requester is null)
        {
            return (ApprovalObjection.UnnamedRequester, "Nobody said who started the run, so nobody can be told apart from them. Reject it, and start it again with an actor.");
        }

        if (answer.Approved && ActorName.Same(answer.By, answer.Requester))
        {
            return (ApprovalObjection.OwnRequest, $"'{answer.By}' started the run, and nobody approves their own. Somebody else with the role {string.Join(" or ", request.Roles)} must.");
        }

        if (!string.Equals(request.PlanHash ?? "", answer.PlanHash ?? "", StringComparison.Ordinal))
        {
            return (ApprovalObjection.OtherPlan, $"What is asked for is plan '{request.PlanHash ?? "none"}'; the answer names '{answer.PlanHash ?? "none"}'. Look at the plan, and name it in planHash.");
        }

        return null;
    }
}
