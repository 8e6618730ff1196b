using Runbooks.Workflows.Approvals;

namespace Runbooks.Server.Approvals;

/// <summary>What became of an answer to an approval.</summary>
public abstract record AnswerOutcome
{
    private AnswerOutcome()
    {
    }

    /// <summary>It counts, or counted already.</summary>
    /// <param name="Approval">The approval after it.</param>
    /// <param name="Applied">False when no worker has come to it yet.</param>
    public sealed record Taken(ApprovalView Approval, bool Applied) : AnswerOutcome;

    public sealed record UnknownApproval : AnswerOutcome;

    /// <summary>It was decided before, or the run does not wait for it any more.</summary>
    public sealed record Over(ApprovalView Approval, string Why) : AnswerOutcome;

    /// <summary>Whoever answers may not, or it is about something else.</summary>
    public sealed record Refused(ApprovalView Approval, ApprovalObjection Objection, string Why) : AnswerOutcome;
}
