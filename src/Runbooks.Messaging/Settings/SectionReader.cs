using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;

namespace Runbooks.Messaging.Settings;

/// <summary>Reads one section value by value and notes what is wrong, with the place, instead of failing at the first.</summary>
internal sealed class SectionReader(IConfigurationSection section, string place, List<string> problems)
{
    public string Place => place;

    public SectionReader Section(string key) => new(section.GetSection(key), $"{place}:{key}", problems);

    public void Problem(string message) => problems.Add($"{place}: {message}");

    public string? Text(string key) => section[key] is { Length: > 0 } text ? text.Trim() : null;

    public string Required(string key, string what)
    {
        if (Text(key) is { } text)
        {
            return text;
        }

        problems.Add($"{place}:{key} is missing; give {what}.");
        return string.Empty;
    }

    public string OneOf(string key, string byDefault, params string[] allowed)
    {
        var text = Text(key) ?? byDefault;
        var found = allowed.FirstOrDefault(a => string.Equals(a, text, StringComparison.OrdinalIgnoreCase));
        if (found is null)
        {
            problems.Add($"{place}:{key} is '{text}'; it can be {string.Join(" or ", allowed)}.");
        }

        return found ?? byDefault;
    }

    public int Number(string key, int byDefault, int lowest, int highest)
    {
        if (Text(key) is not { } text)
        {
            return byDefault;
        }

        if (int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number >= lowest && number <= highest)
        {
            return number;
        }

        problems.Add($"{place}:{key} is '{text}'; it is a number from {lowest} to {highest}.");
        return byDefault;
    }

    public void RefuseOthersThan(params string[] known)
    {
        foreach (var key in section.GetChildren().Select(c => c.Key).Where(k => !known.Contains(k, StringComparer.OrdinalIgnoreCase)))
        {
            problems.Add($"{place}:{key} is not a setting. Known here: {string.Join(", ", known)}.");
        }
    }

    /// <summary>
    /// Inputs of a runbook. Configuration knows only text, so a value that reads as a JSON number, true, false or null is one.
    /// </summary>
    public JsonObject Json(string key) => ToJson(section.GetSection(key)) as JsonObject ?? [];

    private static JsonNode? ToJson(IConfigurationSection value)
    {
        var children = value.GetChildren().ToList();
        if (children.Count == 0)
        {
            return Scalar(value.Value);
        }

        return children.Select(c => c.Key).SequenceEqual(Enumerable.Range(0, children.Count).Select(i => i.ToString(CultureInfo.InvariantCulture)))
            ? new JsonArray([.. children.Select(ToJson)])
            : new JsonObject(children.Select(c => KeyValuePair.Create(c.Key, ToJson(c))));
    }

    private static JsonNode? Scalar(string? text)
    {
        if (text is null)
        {
            return null;
        }

        // What was true in a JSON file arrives here as True.
        if (bool.TryParse(text, out var truth))
        {
            return JsonValue.Create(truth);
        }

        try
        {
            var parsed = JsonNode.Parse(text);
            return parsed is null or JsonValue && !text.StartsWith('"') ? parsed : JsonValue.Create(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
