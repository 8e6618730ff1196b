using System.Text.Json.Nodes;
using Runbooks.Messaging.Contracts;

namespace Runbooks.Messaging.Events;

/// <summary>Fills the input of a binding with what the event says. Only whole values are replaced; no text is ever assembled.</summary>
public static class EventInput
{
    private static readonly Dictionary<string, Func<ThresholdCrossed, JsonNode?>> Values = new(StringComparer.Ordinal)
    {
        ["{pool}"] = e => e.Pool,
        ["{host}"] = e => e.Host,
        ["{metric}"] = e => e.Metric,
        ["{value}"] = e => e.Value,
        ["{threshold}"] = e => e.Threshold,
        ["{direction}"] = e => e.Direction,
        ["{source}"] = e => e.Source,
    };

    public static IReadOnlyCollection<string> Placeholders => Values.Keys;

    public static JsonObject Fill(JsonObject input, ThresholdCrossed crossed)
    {
        ArgumentNullException.ThrowIfNull(input);
        return (JsonObject)Fill((JsonNode)input, crossed)!;
    }

    public static IEnumerable<string> UnknownPlaceholders(JsonObject input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return Texts(input).Where(text => text.StartsWith('{') && text.EndsWith('}') && !Values.ContainsKey(text));
    }

    private static JsonNode? Fill(JsonNode? node, ThresholdCrossed crossed) => node switch
    {
        JsonObject o => new JsonObject(o.Select(p => KeyValuePair.Create(p.Key, Fill(p.Value, crossed)))),
        JsonArray a => new JsonArray([.. a.Select(item => Fill(item, crossed))]),
        JsonValue v when v.TryGetValue<string>(out var text) && Values.TryGetValue(text, out var value) => value(crossed),
        _ => node?.DeepClone(),
    };

    private static IEnumerable<string> Texts(JsonNode? node) => node switch
    {
        JsonObject o => o.SelectMany(p => Texts(p.Value)),
        JsonArray a => a.SelectMany(Texts),
        JsonValue v when v.TryGetValue<string>(out var text) => [text],
        _ => [],
    };
}
