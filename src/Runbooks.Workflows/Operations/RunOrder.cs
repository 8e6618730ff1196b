using System.Text.Json.Nodes;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Operations;

/// <summary>A person's order to a run.</summary>
/// <param name="Verb">What is asked.</param>
/// <param name="Actor">Who asks.</param>
/// <param name="Reason">Why, for the history.</param>
public sealed record RunOrder(RunVerb Verb, string Actor, string Reason)
{
    /// <summary>The caller's idempotency key; null: the order is known by what it asks and by where the run stands.</summary>
    public string? Key { get; init; }

    /// <summary>The number of the step that it is about; null: the run.</summary>
    public long? Step { get; init; }

    /// <summary>For retry and restart-from: inputs in place of the step's own; for restart: of the run's.</summary>
    public JsonObject? Inputs { get; init; }

    /// <summary>For skip and resolve: the outcome by which the step is left.</summary>
    public string? Outcome { get; init; }

    /// <summary>For skip and resolve: the outputs that the step would have had.</summary>
    public JsonObject? Outputs { get; init; }

    /// <summary>For resolve: <c>done</c> or <c>notDone</c>.</summary>
    public string? Found { get; init; }

    /// <summary>
    /// The id of the stimulus. A run ends and is undone once; any other order is a new one when the history of the run has
    /// moved on since the last.
    /// </summary>
    public string StimulusId(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Key is not null ? $"{Verb.Word()}:{run.Id}:key:{Key}"
            : Verb is RunVerb.Cancel or RunVerb.Undo ? $"{Verb.Word()}:{run.Id}"
            : Step is { } step ? $"{Verb.Word()}:{run.Id}:{step}:{run.NextJournalSequence}"
            : $"{Verb.Word()}:{run.Id}:{run.NextJournalSequence}";
    }

    /// <summary>What is sent to the run.</summary>
    /// <exception cref="InvalidOperationException">A restart is no message to a run; it makes another one.</exception>
    public Stimulus ToStimulus(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return new Stimulus(StimulusId(run), run.Id, Kind, null, Input(), Actor, Reason);
    }

    /// <summary>True when an order with the same key asked for the same.</summary>
    public bool AsksFor(OrderEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return entry.Kind == Kind && JsonNode.DeepEquals(entry.Input, Input());
    }

    private StimulusKind Kind => Verb switch
    {
        RunVerb.Pause => StimulusKind.Pause,
        RunVerb.Resume => StimulusKind.Continue,
        RunVerb.Cancel => StimulusKind.Cancel,
        RunVerb.Retry => StimulusKind.Retry,
        RunVerb.Skip => StimulusKind.Skip,
        RunVerb.Resolve => StimulusKind.Resolve,
        RunVerb.RestartFrom => StimulusKind.RestartFrom,
        RunVerb.Undo => StimulusKind.Compensate,
        _ => throw new InvalidOperationException($"'{Verb.Word()}' is no message to a run."),
    };

    private JsonObject? Input()
    {
        var input = new JsonObject();
        Give(input, "step", Step is { } step ? JsonValue.Create(step) : null);
        Give(input, "inputs", Inputs?.DeepClone());
        Give(input, "outcome", Outcome);
        Give(input, "outputs", Outputs?.DeepClone());
        Give(input, "found", Found);
        return input.Count == 0 ? null : input;
    }

    private static void Give(JsonObject input, string name, JsonNode? value)
    {
        if (value is not null)
        {
            input[name] = value;
        }
    }
}
