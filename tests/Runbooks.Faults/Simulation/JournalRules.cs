using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Simulation;

/// <summary>What must hold of every run's journal and steps, whatever happened. Pure.</summary>
internal static class JournalRules
{
    public static IEnumerable<string> Broken(Run run, IReadOnlyList<ActivityExecution> steps, IReadOnlyList<JournalEntry> journal) =>
        [.. Sequence(journal), .. OneEntryPerTransition(run, steps, journal), .. Undoing(run, steps, journal), .. Ending(run, steps, journal)];

    /// <summary>A parent undoes nothing before the child that it waits for has come to an end.</summary>
    public static IEnumerable<string> BrokenByParent(Run child, IReadOnlyList<JournalEntry> journal, IReadOnlyList<JournalEntry> parent)
    {
        var undone = parent.FirstOrDefault(e => e.Event == JournalEvents.UndoIntent && e.At >= child.CreatedAt);
        var ended = journal.FirstOrDefault(e => e.Event == JournalEvents.RunStatus && Ends.Any(s => e.Message?.StartsWith(s, StringComparison.Ordinal) == true));
        if (undone is not null && (ended is null || ended.At > undone.At))
        {
            yield return $"its parent undid {undone.NodeId} at {undone.At:T}, and it {(ended is null ? "has not ended" : $"ended at {ended.At:T}")}";
        }
    }

    private static string[] Ends { get; } = [.. Enum.GetValues<RunStatus>().Where(s => s.IsEnd()).Select(s => s.ToString())];

    private static IEnumerable<string> Sequence(IReadOnlyList<JournalEntry> journal)
    {
        for (var i = 0; i < journal.Count; i++)
        {
            if (journal[i].Sequence != i + 1)
            {
                yield return $"entry {i + 1} of the journal has the number {journal[i].Sequence}";
            }

            if (i > 0 && journal[i].Generation < journal[i - 1].Generation)
            {
                yield return $"entry {i + 1} was written by {journal[i].Worker} under generation {journal[i].Generation}, after generation {journal[i - 1].Generation}";
            }
        }
    }

    private static IEnumerable<string> OneEntryPerTransition(Run run, IReadOnlyList<ActivityExecution> steps, IReadOnlyList<JournalEntry> journal)
    {
        if (journal.LastOrDefault(e => e.Event == JournalEvents.RunStatus) is { } last
            && last.Message?.StartsWith(run.Status.ToString(), StringComparison.Ordinal) != true)
        {
            yield return $"the run is {run.Status}, and the last status in its journal is '{last.Message}'";
        }

        foreach (var step in steps)
        {
            var own = journal.Where(e => e.ExecutionNumber == step.Number).ToArray();
            foreach (var (name, expected) in new (string, int)[]
            {
                (JournalEvents.Started, own.Any(e => e.Event == JournalEvents.Started) ? 1 : 0),
                (JournalEvents.Intent, step.Effect == EffectState.None ? Count(JournalEvents.Intent, most: 1) : 1),
                (JournalEvents.Completed, step.Status == ActivityStatus.Completed ? 1 : 0),
                (JournalEvents.Faulted, step.Status == ActivityStatus.Faulted ? 1 : 0),
                (JournalEvents.Canceled, step.Status == ActivityStatus.Canceled ? Count(JournalEvents.Canceled, most: 1) : 0),
                (JournalEvents.Undone, step.Undo == UndoState.Undone ? 1 : 0),
                (JournalEvents.UndoIntent, step.Undo is UndoState.None or UndoState.Available or UndoState.Irreversible ? Count(JournalEvents.UndoIntent, step.Undo == UndoState.Available ? 100 : 0) : Math.Max(1, Count(JournalEvents.UndoIntent, 100))),
            })
            {
                if (own.Count(e => e.Event == name) is var found && found != expected)
                {
                    yield return $"step {step.Number} ({step.ActivityId}, {step.Status}, effect {step.Effect}, undo {step.Undo}) has {found} entries '{name}' instead of {expected}";
                }
            }

            int Count(string name, int most) => Math.Min(most, own.Count(e => e.Event == name));
        }
    }

    private static IEnumerable<string> Undoing(Run run, IReadOnlyList<ActivityExecution> steps, IReadOnlyList<JournalEntry> journal)
    {
        var byNumber = steps.ToDictionary(s => s.Number);
        var unsettled = new HashSet<long>();
        var lowest = long.MaxValue;
        foreach (var entry in journal)
        {
            switch (entry.Event)
            {
                case JournalEvents.Intent:
                    _ = unsettled.Add(entry.ExecutionNumber!.Value);
                    break;
                case JournalEvents.Completed or JournalEvents.Faulted or JournalEvents.Canceled or JournalEvents.Reconciled when entry.ExecutionNumber is { } number:
                    _ = unsettled.Remove(number);
                    break;
                case JournalEvents.Stimulus:
                    // A retry undoes again what could not be undone.
                    lowest = long.MaxValue;
                    break;
                case JournalEvents.UndoIntent:
                    var step = byNumber[entry.ExecutionNumber!.Value];
                    if (unsettled.Count > 0)
                    {
                        yield return $"step {step.Number} ({step.ActivityId}) was undone while {string.Join(", ", unsettled.Select(n => byNumber[n].ActivityId))} had not settled";
                    }

                    if (step.CompletionOrder is not { } order)
                    {
                        yield return $"step {step.Number} ({step.ActivityId}) was undone without having completed";
                    }
                    else if (order >= lowest)
                    {
                        yield return $"step {step.Number} ({step.ActivityId}), completed as number {order}, was undone after number {lowest}";
                    }
                    else
                    {
                        lowest = order;
                    }

                    break;
            }
        }
    }

    private static IEnumerable<string> Ending(Run run, IReadOnlyList<ActivityExecution> steps, IReadOnlyList<JournalEntry> journal)
    {
        if (!run.Status.IsEnd())
        {
            if (string.IsNullOrWhiteSpace(run.Reason))
            {
                yield return $"the run is {run.Status} and does not say why";
            }

            yield break;
        }

        // A wish that comes too late is claimed, refused and written down; nothing else may follow the end.
        if (journal.LastOrDefault(e => e.Event is not (JournalEvents.RunClaimed or JournalEvents.Stimulus)) is not { Event: JournalEvents.RunStatus })
        {
            yield return $"its journal goes on after its end, with '{(journal.Count == 0 ? "nothing" : journal[^1].Event)}'";
        }

        foreach (var step in steps.Where(s => s.Status == ActivityStatus.Running))
        {
            yield return $"it is {run.Status}, and step {step.Number} ({step.ActivityId}) is still running, effect {step.Effect}";
        }

        foreach (var step in steps.Where(s => run.Status != RunStatus.Finished && s.Undo is (UndoState.Available or UndoState.Intended or UndoState.Failed)))
        {
            yield return $"it is {run.Status}, and step {step.Number} ({step.ActivityId}) has undo {step.Undo}";
        }
    }
}
