using Runbooks.Server.Views;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Runs;

/// <summary>What a run has to take back, and what a person has to look at. Pure.</summary>
public static class WayBack
{
    /// <summary>Changes that the run made, in the order in which they are undone: the last completed first.</summary>
    public static IReadOnlyList<UndoView> Of(RunFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return
        [
            .. facts.Steps
                .Where(s => s is { CompletionOrder: not null, Undo: not UndoState.None })
                .OrderByDescending(s => s.CompletionOrder)
                .Select((s, i) => new UndoView(i + 1, s.Number, s.ActivityId, facts.NameOf(s), s.Undo, s.UndoNote ?? (s.Undo == UndoState.Irreversible ? facts.ActivityOf(s)?.Descriptor.NoUndoReason : null))),
        ];
    }

    /// <summary>What may be asked about a step now.</summary>
    public static IReadOnlyList<string> AllowedOn(RunFacts facts, long number)
    {
        ArgumentNullException.ThrowIfNull(facts);
        if (!facts.IsOpen || facts.Step(number) is not { } step)
        {
            return [];
        }

        RunVerb[] verbs =
        [
            .. facts.IncidentOf(step) is { } kind ? OrderRules.AllowedOn(kind) : [],
            .. !facts.GoesBack && OrderRules.MayRestartFrom(step, facts) ? [RunVerb.RestartFrom] : Array.Empty<RunVerb>(),
        ];
        return [.. verbs.Select(v => v.Word())];
    }

    public static IReadOnlyList<IncidentView> Incidents(RunFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return
        [
            .. facts.Incidents().Select(i => new IncidentView(
                i.Step.Number,
                i.Step.ActivityId,
                facts.NameOf(i.Step),
                i.Kind,
                i.Message,
                [.. i.Allowed.Select(v => v.Word())],
                facts.ActivityOf(i.Step)?.Descriptor.Outcomes ?? [])),
        ];
    }
}
