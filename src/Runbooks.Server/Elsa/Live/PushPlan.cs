using System.Text.Json.Nodes;
using Runbooks.Server.Elsa.Instances;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Live;

/// <summary>
/// When the viewers of one instance are told what. A change is told at once when the last telling is long enough ago, else
/// with the next one. Badges bring their values with them and cost nothing; the journal and the instance are read again by
/// each viewer, and those requests come out of a budget that all instances share. Pure but for what it remembers.
/// </summary>
/// <param name="seen">The run as the viewers have it.</param>
internal sealed class PushPlan(Run seen)
{
    /// <summary>The shortest time between two tellings of the same instance.</summary>
    public static readonly TimeSpan Apart = TimeSpan.FromSeconds(1);

    /// <summary>Requests that a viewer makes when it is told that the journal has changed.</summary>
    private const int CostOfJournal = 1;

    /// <summary>Requests that a viewer makes when it is told that the instance has changed: several parts of it read it, and its variables.</summary>
    private const int CostOfInstance = 3;

    private Dictionary<string, StepStats> badges = new(StringComparer.Ordinal);
    private DateTimeOffset badgesAt = DateTimeOffset.MinValue;
    private long badgesSequence = -1;
    private long readSequence = seen.NextJournalSequence;
    private string head = HeadOf(seen);

    /// <summary>When its viewers were told last to read. Whoever has waited longest comes first, so that nobody starves when the budget is short.</summary>
    public DateTimeOffset ReadAt { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>The run has changed in a way that may show in its badges.</summary>
    public bool WantsBadges(Run run, DateTimeOffset now) => run.NextJournalSequence != badgesSequence && now - badgesAt >= Apart;

    /// <summary>Those that differ from what the viewers have.</summary>
    public IReadOnlyList<StepStats> Badges(Run run, IReadOnlyList<StepStats> stats, DateTimeOffset now)
    {
        var changed = stats.Where(s => !s.IsSameAs(badges.GetValueOrDefault(s.ActivityNodeId))).ToArray();
        badges = stats.ToDictionary(s => s.ActivityNodeId, StringComparer.Ordinal);
        badgesSequence = run.NextJournalSequence;
        if (changed.Length > 0)
        {
            badgesAt = now;
        }

        return changed;
    }

    /// <summary>What the viewers are told to read again now. What the budget has no room for is told later; a change of the state is always told.</summary>
    public (bool Journal, bool Instance) Reading(Run run, int connections, PushBudget budget, DateTimeOffset now)
    {
        var journal = run.NextJournalSequence != readSequence;
        var instance = !string.Equals(HeadOf(run), head, StringComparison.Ordinal);
        if ((!journal && !instance) || now - ReadAt < Apart)
        {
            return (false, false);
        }

        var cost = InstanceAudience.Viewers(connections) * ((journal ? CostOfJournal : 0) + (instance ? CostOfInstance : 0));
        if (!budget.Take(cost, evenBeyond: !string.Equals(StateOf(run), StateIn(head), StringComparison.Ordinal)))
        {
            return (false, false);
        }

        ReadAt = now;
        readSequence = run.NextJournalSequence;
        head = HeadOf(run);
        return (journal, instance);
    }

    /// <summary>What of the head the viewer shows; its state in front.</summary>
    private static string HeadOf(Run run) => $"{StateOf(run)}\n{new JsonArray(run.Reason, run.PausedBy, run.Name, run.Variables.DeepClone(), run.Output.DeepClone(), run.Incidents.Count).ToJsonString()}";

    /// <summary>Waiting and going on by turns is the ordinary life of a run, and no news.</summary>
    private static string StateOf(Run run) => run.Status is RunStatus.Pending or RunStatus.Executing or RunStatus.Suspended ? "open" : run.Status.ToString();

    private static string StateIn(string text) => text[..text.IndexOf('\n', StringComparison.Ordinal)];
}

/// <summary>Requests that pushes may cause: so many a second in the mean, and some at once after a quiet time.</summary>
internal sealed class PushBudget
{
    /// <summary>In the mean, over all instances that are looked at. What viewers ask by themselves comes beside it: see <see cref="InstanceAudience.FreshFor"/>.</summary>
    public const double PerSecond = 0.95;

    /// <summary>After a quiet time.</summary>
    public const double AtOnce = 12;

    private double left = AtOnce;
    private DateTimeOffset? at;

    /// <summary>Time has passed.</summary>
    public void Advance(DateTimeOffset now)
    {
        left = Math.Min(AtOnce, left + (at is { } before ? Math.Max(0, (now - before).TotalSeconds) * PerSecond : 0));
        at = now;
    }

    /// <summary>Takes so many requests when there is any room; what is taken beyond it is paid back before anything else is.</summary>
    public bool Take(int requests, bool evenBeyond)
    {
        if (left <= 0 && !evenBeyond)
        {
            return false;
        }

        left -= requests;
        return true;
    }
}
