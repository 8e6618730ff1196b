using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.Secrets;

/// <summary>
/// Takes the values of secrets out of texts: of an exception that quotes a command, of an answer that repeats what was
/// sent. The last line of defence; the first is that a value is handed out only to the effect that uses it.
/// </summary>
/// <remarks>It knows the values that were handed out in this process. A value in another form (encoded, cut) passes.</remarks>
public sealed class SecretMask
{
    /// <summary>What stands in place of a value.</summary>
    public const string Stars = "•••";

    /// <summary>A shorter value would be found in words that have nothing to do with it.</summary>
    public const int ShortestMasked = 4;

    private ImmutableArray<string> values = [];

    /// <summary>From now on this value is masked; and each line of it, because a tool often quotes one line.</summary>
    public void Remember(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        string[] parts = [value, .. value.Split('\n', StringSplitOptions.TrimEntries)];
        foreach (var part in parts.Where(p => p.Length >= ShortestMasked))
        {
            // The longest first: a value that holds another must not be cut by it.
            _ = ImmutableInterlocked.Update(ref values, static (known, added) => known.Contains(added) ? known : [.. known.Append(added).OrderByDescending(v => v.Length)], part);
        }
    }

    public string Mask(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        foreach (var value in values)
        {
            text = text.Replace(value, Stars, StringComparison.Ordinal);
        }

        return text;
    }

    /// <summary>The same object with masked texts and names; the given one when there is nothing to mask.</summary>
    public JsonObject Mask(JsonObject json) => values.IsEmpty ? json : (JsonObject)Masked(json)!;

    public EffectResult Mask(EffectResult result) => values.IsEmpty ? result : result switch
    {
        EffectResult.Done done => done with { Outputs = done.Outputs is null ? null : Mask(done.Outputs) },
        EffectResult.Failed failed => new EffectResult.Failed(Mask(failed.Reason)),
        EffectResult.Unknown unknown => new EffectResult.Unknown(Mask(unknown.Reason)),
        EffectResult.Postponed postponed => postponed with { Reason = Mask(postponed.Reason) },
        _ => result,
    };

    public Reconciliation Mask(Reconciliation found) => values.IsEmpty ? found : found switch
    {
        Reconciliation.Done done => done with { Outputs = done.Outputs is null ? null : Mask(done.Outputs) },
        Reconciliation.NotDone notDone => new Reconciliation.NotDone(Mask(notDone.Found)),
        Reconciliation.InProgress progress => new Reconciliation.InProgress(Mask(progress.Found)),
        Reconciliation.Unknown unknown => new Reconciliation.Unknown(Mask(unknown.Reason)),
        _ => found,
    };

    public UndoResult Mask(UndoResult result) => values.IsEmpty ? result : result switch
    {
        UndoResult.Undone undone => new UndoResult.Undone(Mask(undone.Note)),
        UndoResult.Failed failed => new UndoResult.Failed(Mask(failed.Reason)),
        _ => result,
    };

    private JsonNode? Masked(JsonNode? node) => node switch
    {
        JsonObject json => new JsonObject(json.Select(p => KeyValuePair.Create(Mask(p.Key), Masked(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Masked)]),
        JsonValue value when value.TryGetValue<string>(out var text) => JsonValue.Create(Mask(text)),
        _ => node?.DeepClone(),
    };
}
