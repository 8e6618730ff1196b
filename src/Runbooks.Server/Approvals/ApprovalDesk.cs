using Runbooks.Server.Access;
using Runbooks.Workflows.Approvals;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Approvals;

/// <summary>
/// Lists what waits for approval, and takes answers. The first answer that counts decides: it is checked here, and again
/// by the run when it is woken, where a second one finds nothing to decide any more.
/// </summary>
public sealed class ApprovalDesk(IRunStore store, IBookmarkReader bookmarks, AccessOptions access, IWorkSignal signal, TimeProvider clock)
{
    private const int Most = 500;

    /// <summary>Runs that start runs that start runs: deeper than anybody nests them.</summary>
    private const int DeepestNesting = 50;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(40);

    private static readonly string Type = $"Runbooks.{nameof(RequestApproval)}";

    /// <summary>Approvals that wait for an answer, the one that expires first in front.</summary>
    public async Task<IReadOnlyList<ApprovalView>> WaitingAsync(CancellationToken cancellationToken)
    {
        var found = new List<ApprovalView>();
        foreach (var waiting in await bookmarks.WaitingAsync(ApprovalRequest.KeyPrefix, Most, cancellationToken))
        {
            if (ApprovalRequest.From(waiting.Bookmark.Payload) is { } request && await FindAsync(request.Id, cancellationToken) is { State: ApprovalView.Waiting } view)
            {
                found.Add(view);
            }
        }

        return [.. found.OrderBy(a => a.ExpiresAt)];
    }

    /// <summary>An approval, decided or not; null when there is none with this id.</summary>
    public async Task<ApprovalView?> FindAsync(string id, CancellationToken cancellationToken) =>
        ApprovalRequest.Parse(id) is { } place
        && await store.FindAsync(place.Run, cancellationToken) is { } run
        && (await OfRunAsync(run, await store.ExecutionsAsync(run.Id, cancellationToken), cancellationToken)).FirstOrDefault(a => a.Step == place.Step) is { } view
            ? view
            : null;

    /// <summary>All approvals that a run has asked for.</summary>
    public async Task<IReadOnlyList<ApprovalView>> OfRunAsync(Run run, IReadOnlyList<ActivityExecution> steps, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        var asked = steps.Where(s => string.Equals(s.ActivityType, Type, StringComparison.Ordinal) && s.State[RequestApproval.RequestState] is not null).ToArray();
        if (asked.Length == 0)
        {
            return [];
        }

        var requester = await RequesterAsync(run, cancellationToken);
        return
        [
            .. from step in asked
               let request = ApprovalRequest.From(step.State[RequestApproval.RequestState]!.AsObject())
               where request is not null
               select ApprovalView.Of(run, step, request, requester, [.. access.WithAnyOf(request.Roles).Where(p => requester is not null && !ActorName.Same(p, requester))]),
        ];
    }

    public async Task<AnswerOutcome> AnswerAsync(string id, bool approved, string actor, string? planHash, string reason, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, cancellationToken) is not { } approval)
        {
            return new AnswerOutcome.UnknownApproval();
        }

        if (Settled(approval, approved, actor) is { } settled)
        {
            return settled;
        }

        var request = new ApprovalRequest(approval.Id, approval.Subject, null, approval.Roles, approval.PlanHash, approval.RequestedAt, approval.ExpiresAt);
        var answer = new ApprovalAnswer(approved, actor, access.RolesOf(actor), approval.RequestedBy, planHash, reason, clock.GetUtcNow());
        if (ApprovalRule.Check(request, answer) is { } objection)
        {
            return new AnswerOutcome.Refused(approval, objection.Objection, objection.Message);
        }

        var sent = false;
        if (await BookmarkAsync(request, cancellationToken) is { } place)
        {
            var stimulus = new Stimulus($"approval:{place.Bookmark.Id}:{answer.Decision}:{actor.ToUpperInvariant()}", place.RunId, StimulusKind.Resume, place.Bookmark.Id, answer.ToJson(), actor, reason);
            sent = await store.SendAsync(stimulus, cancellationToken);
            signal.Raise();
        }

        for (var until = clock.GetUtcNow() + Patience; clock.GetUtcNow() < until; await Task.Delay(Look, clock, cancellationToken))
        {
            if (await FindAsync(id, cancellationToken) is { } now && Settled(now, approved, actor) is { } outcome)
            {
                return outcome;
            }
        }

        return sent ? new AnswerOutcome.Taken(approval, Applied: false) : new AnswerOutcome.Over(approval, "It is being decided at this moment; look at it again.");
    }

    /// <summary>What an answer to an approval that is over is worth; null when it still waits.</summary>
    private static AnswerOutcome? Settled(ApprovalView approval, bool approved, string actor)
    {
        var decision = approved ? "approved" : "rejected";
        return approval.State switch
        {
            ApprovalView.Waiting => null,
            _ when approval.State == decision && ActorName.Same(approval.DecidedBy, actor) => new AnswerOutcome.Taken(approval, Applied: true),
            "approved" or "rejected" => new AnswerOutcome.Over(approval, approval.DecidedBy is { } by ? $"It was {approval.State} by '{by}' already; that stands." : $"It counts as rejected: {approval.Reason}"),
            _ => new AnswerOutcome.Over(approval, $"Run {approval.Run} does not wait for it any more."),
        };
    }

    private async Task<WaitingBookmark?> BookmarkAsync(ApprovalRequest request, CancellationToken cancellationToken) =>
        (await bookmarks.WaitingAsync(request.Key, Most, cancellationToken)).FirstOrDefault(w => string.Equals(w.Bookmark.Key, request.Key, StringComparison.Ordinal));

    /// <summary>Who started the run that nobody else started; null when the API was not told, or the chain is broken.</summary>
    private async Task<string?> RequesterAsync(Run run, CancellationToken cancellationToken)
    {
        for (var depth = 0; depth < DeepestNesting; depth++)
        {
            if (run.ParentRunId is not { } parent)
            {
                return ActorName.StarterOf(run.StartedBy);
            }

            if (await store.FindAsync(parent, cancellationToken) is not { } above)
            {
                return null;
            }

            run = above;
        }

        return null;
    }
}
