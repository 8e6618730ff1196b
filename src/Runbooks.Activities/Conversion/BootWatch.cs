using Runbooks.Activities.Migration;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Activities.Conversion;

/// <summary>What was seen of a guest that boots, and what that means. Pure but for what it remembers.</summary>
/// <param name="runsOnFor">How long one without an agent must run and work without starting anew.</param>
internal sealed class BootWatch(TimeSpan runsOnFor)
{
    /// <summary>A guest that starts anew is gone for a moment.</summary>
    private static readonly TimeSpan Gone = TimeSpan.FromSeconds(10);

    private TimeSpan? offSince;
    private TimeSpan? since;
    private TimeSpan first;
    private TimeSpan last;
    private int starts;
    private bool hasAgent;
    private bool isAlive;
    private HypervisorFault? blind;

    /// <summary>It does not run any more, and that was not for a moment only.</summary>
    public bool IsOff { get; private set; }

    public void See(TimeSpan at, Result<GuestAnswer> answer, Result<VmObservation> seen)
    {
        offSince = ConversionPlace.IsOff(seen) ? offSince ?? at : null;
        IsOff = at - offSince >= Gone;
        blind = seen.Fault;
        isAlive = answer is { IsOk: true, Value: GuestAnswer.Alive };
        hasAgent = answer.IsOk ? answer.Value != GuestAnswer.NoAgent : answer.Fault.Kind != FaultKind.Unsupported && hasAgent;
        if (!seen.IsOk)
        {
            return;
        }

        // The counter of a guest that starts anew starts anew too.
        if (since is null || seen.Value.State != VmState.Running || seen.Value.CpuTime < last)
        {
            starts += since is not null && seen.Value.CpuTime < last ? 1 : 0;
            (since, first) = (at, seen.Value.CpuTime);
        }

        last = seen.Value.CpuTime;
        RanFor = at - since.Value;
    }

    private TimeSpan RanFor { get; set; }

    private bool HasRunOn => since is not null && blind is null && RanFor >= runsOnFor && last > first;

    /// <summary>The sign by which it has booted; null when there is none yet.</summary>
    /// <param name="mustAnswer">Only its agent counts.</param>
    /// <param name="isOver">Its time is over: an agent that has not answered so far will not.</param>
    public GuestSign? Sign(bool mustAnswer, bool isOver) =>
        isAlive && blind is null ? GuestSign.Alive
        : mustAnswer || !HasRunOn ? null
        : !hasAgent ? GuestSign.Running
        : isOver ? GuestSign.Silent
        : null;

    /// <summary>What to tell when its time is over and there was no sign, and whether it could be seen at all.</summary>
    public (string Found, bool IsSeen) Found(VmName vm, TimeSpan within) =>
        blind is not null ? ($"Whether VM {vm} has booted can't be seen. {blind}", false)
        : starts > 0 ? ($"VM {vm} has not booted within {within}: it has started anew {starts} times.", true)
        : hasAgent ? ($"VM {vm} has not booted within {within}: its agent does not answer.", true)
        : ($"VM {vm} has not booted within {within}: it has no agent that answers, and was not seen to work for {runsOnFor}.", true);
}
