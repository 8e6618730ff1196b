using System.Globalization;
using System.Text;

namespace Runbooks.Workflows.FaultInjection;

/// <summary>Where a fault strikes: a journal point, an operation of an effect, or a call to the store.</summary>
public enum FaultSite
{
    // Journal points: see JournalPoint.
    Claimed,
    BeforeCommit,
    AfterCommit,
    EffectEnded,
    UndoEnded,

    // Operations of an effect: see EffectOperation.
    Perform,
    Join,
    Reconcile,
    Undo,

    // Calls of the store: see IRunStore.
    Create,
    Claim,
    Renew,
    IsCurrent,
    Release,
    Load,
    Commit,
    Progress,
    Send,
    Inbox,

    /// <summary>The reads of operators: one run, lists, steps, journal.</summary>
    Read,

    /// <summary>Any call of the store.</summary>
    Store,
}

/// <summary>What a fault does. Which ones may strike where is said by <see cref="FaultRules.Allowed"/>.</summary>
public enum FaultAction
{
    /// <summary>The worker dies: what it had not committed is lost.</summary>
    Die,

    /// <summary>Nothing happens, and the answer says so truly.</summary>
    Fail,

    /// <summary>Nothing happens, and an exception is thrown, which says nothing.</summary>
    Throw,

    /// <summary>It happens, and then an exception is thrown.</summary>
    ThrowAfter,

    /// <summary>Nothing happens, and the caller is told that the outcome is unknown.</summary>
    LoseBefore,

    /// <summary>It happens, and the caller is told that the outcome is unknown.</summary>
    LoseAfter,

    /// <summary>It is undone, and the caller is told that it could not be. Only an undo may say so: it will be tried again.</summary>
    FailAfter,

    /// <summary>It is done twice in a row; the second answer counts.</summary>
    Again,

    /// <summary>It happens after the time that the rule names.</summary>
    Delay,

    /// <summary>Nothing happens until the run is cancelled or the worker stops.</summary>
    Hang,

    /// <summary>The transaction conflicts with another one: nothing was written.</summary>
    Conflict,

    /// <summary>The caller is told that it does not hold the run any more. Nothing was written.</summary>
    LeaseLost,

    /// <summary>The claim is given, and the lease ends at once behind the worker's back: the run can be claimed a second time.</summary>
    Steal,
}

/// <summary>One rule of a <see cref="FaultPlan"/>.</summary>
/// <param name="Site">Where it strikes.</param>
/// <param name="Action">What it does.</param>
public sealed record FaultRule(FaultSite Site, FaultAction Action)
{
    /// <summary>The id of the activity that it strikes; null for any. A call to the store has no activity.</summary>
    public string? Step { get; init; }

    /// <summary>Matching passages that go unharmed first.</summary>
    public int Skip { get; init; }

    /// <summary>Matching passages that it then strikes; <see cref="Always"/> for all.</summary>
    public int Times { get; init; } = 1;

    /// <summary>The chance with which a passage that would be struck is struck, above 0 and up to 1.</summary>
    public double Chance { get; init; } = 1;

    /// <summary>How long <see cref="FaultAction.Delay"/> takes, by the engine's clock.</summary>
    public TimeSpan Time { get; init; }

    /// <summary>The value of <see cref="Times"/> for a rule that never wears out.</summary>
    public const int Always = int.MaxValue;

    /// <summary>The rule as a line that <see cref="FaultPlan.Parse"/> reads.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(FaultText.Word(Site));
        _ = Step is null ? text : text.Append(" of ").Append(Step);
        _ = text.Append(": ").Append(FaultText.Word(Action));
        _ = Action == FaultAction.Delay ? text.Append(' ').Append(Time.ToString("c", CultureInfo.InvariantCulture)) : text;
        _ = Skip > 0 ? text.Append(CultureInfo.InvariantCulture, $", after {Skip}") : text;
        _ = Times == Always ? text.Append(", always") : Times > 1 ? text.Append(CultureInfo.InvariantCulture, $", times {Times}") : text;
        _ = Chance < 1 ? text.Append(CultureInfo.InvariantCulture, $", chance {Chance}") : text;
        return text.ToString();
    }
}

/// <summary>Which faults are honest: an engine can only be held to its promises against faults that the contracts allow.</summary>
public static class FaultRules
{
    /// <summary>
    /// The actions that may strike at a site. An effect that has happened is never reported as failed, and one that has not
    /// is never reported as done: its contract forbids both, and no engine could survive them. The same holds for a look.
    /// </summary>
    public static IReadOnlyList<FaultAction> Allowed(FaultSite site) => site switch
    {
        FaultSite.Claimed or FaultSite.BeforeCommit or FaultSite.AfterCommit or FaultSite.EffectEnded or FaultSite.UndoEnded => [FaultAction.Die],
        FaultSite.Perform => [FaultAction.Fail, FaultAction.Throw, FaultAction.ThrowAfter, FaultAction.LoseBefore, FaultAction.LoseAfter, FaultAction.Again, FaultAction.Delay, FaultAction.Hang],

        // What is joined is under way: nobody may say that it failed without having looked.
        FaultSite.Join => [FaultAction.Throw, FaultAction.ThrowAfter, FaultAction.LoseBefore, FaultAction.LoseAfter, FaultAction.Delay, FaultAction.Hang],
        FaultSite.Reconcile => [FaultAction.Fail, FaultAction.Throw, FaultAction.Again, FaultAction.Delay, FaultAction.Hang],
        FaultSite.Undo => [FaultAction.Fail, FaultAction.Throw, FaultAction.ThrowAfter, FaultAction.FailAfter, FaultAction.Again, FaultAction.Delay, FaultAction.Hang],
        FaultSite.Claim => [.. OfStore, FaultAction.Steal],
        FaultSite.Commit => [.. OfStore, FaultAction.Again, FaultAction.LeaseLost],
        FaultSite.Renew or FaultSite.IsCurrent or FaultSite.Load => [.. OfStore, FaultAction.LeaseLost],
        FaultSite.Create or FaultSite.Send or FaultSite.Release or FaultSite.Progress => [.. OfStore, FaultAction.Again],
        _ => OfStore,
    };

    /// <summary>What is wrong with a rule; null when nothing is.</summary>
    public static string? Problem(FaultRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return !Allowed(rule.Site).Contains(rule.Action)
                ? $"'{FaultText.Word(rule.Action)}' can't strike at '{FaultText.Word(rule.Site)}'. There can: {string.Join(", ", Allowed(rule.Site).Select(FaultText.Word))}."
            : rule.Step is not null && IsStore(rule.Site) ? $"A call to the store, such as '{FaultText.Word(rule.Site)}', belongs to no step. Leave out 'of {rule.Step}'."
            : rule.Skip < 0 || rule.Times < 1 ? $"A rule skips 0 or more passages and strikes 1 or more; found {rule.Skip} and {rule.Times}."
            : rule.Chance is not (> 0 and <= 1) ? $"A chance is above 0 and up to 1; found {rule.Chance}."
            : rule.Time < TimeSpan.Zero || (rule.Action == FaultAction.Delay && rule.Time == TimeSpan.Zero) ? $"A delay takes more than no time; found {rule.Time}."
            : null;
    }

    public static bool IsStore(FaultSite site) => site >= FaultSite.Create;

    private static IReadOnlyList<FaultAction> OfStore { get; } = [FaultAction.Throw, FaultAction.Conflict, FaultAction.LoseBefore, FaultAction.LoseAfter, FaultAction.Delay];
}
