using System.Text.Json;

namespace Runbooks.Hypervisors.Configuration;

/// <summary>Reads the fields of one JSON object and collects every problem with its place, instead of stopping at the first.</summary>
internal sealed class JsonFields
{
    private readonly JsonElement element;
    private readonly string place;
    private readonly List<string> problems;
    private readonly HashSet<string> known = new(StringComparer.Ordinal);

    public JsonFields(JsonElement element, string place, List<string> problems)
    {
        (this.element, this.place, this.problems) = (element, place, problems);
        if (element.ValueKind != JsonValueKind.Object)
        {
            Problem($"must be an object, found {Found(element)}");
        }
    }

    public void Problem(string what) => problems.Add($"{(place.Length == 0 ? "the file" : place)}: {what}");

    public void Problem(string field, string what) => problems.Add($"{Path(field)}: {what}");

    public JsonElement? Optional(string field)
    {
        known.Add(field);
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(field, out var value) && value.ValueKind != JsonValueKind.Null
            ? value
            : null;
    }

    public JsonElement? Required(string field)
    {
        var value = Optional(field);
        if (value is null)
        {
            Problem(field, "is missing");
        }

        return value;
    }

    public string? Text(JsonElement? value, string field)
    {
        if (value is null)
        {
            return null;
        }

        var text = value.Value.ValueKind == JsonValueKind.String ? value.Value.GetString() : null;
        if (string.IsNullOrWhiteSpace(text) || text.Any(char.IsControl))
        {
            Problem(field, $"must be a text without control characters, found {Found(value.Value)}");
            return null;
        }

        return text;
    }

    public int? Number(JsonElement? value, string field, int least, int most)
    {
        if (value is null)
        {
            return null;
        }

        if (value.Value.ValueKind == JsonValueKind.Number && value.Value.TryGetInt32(out var number) && number >= least && number <= most)
        {
            return number;
        }

        Problem(field, $"must be a whole number from {least} to {most}, found {Found(value.Value)}");
        return null;
    }

    /// <summary>A program with its arguments.</summary>
    public IReadOnlyList<string> Command(string field)
    {
        if (Required(field) is not { } value)
        {
            return [];
        }

        var words = value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Select(w => w.ValueKind == JsonValueKind.String ? w.GetString() : null).ToArray()
            : [];
        if (words.Length == 0 || words.Any(w => w is null || w.Contains('\0', StringComparison.Ordinal)) || words[0]!.Length == 0)
        {
            Problem(field, $"must be a list of texts, the program first, found {Found(value)}");
            return [];
        }

        return [.. words.Select(w => w!)];
    }

    /// <summary>To be called last: a misspelt field would otherwise be passed over in silence.</summary>
    public void RefuseUnknown()
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var field in element.EnumerateObject().Where(f => !known.Contains(f.Name)))
            {
                Problem(field.Name, $"is not a known field; known are {string.Join(", ", known.Order(StringComparer.Ordinal))}");
            }
        }
    }

    private static string Found(JsonElement value) => value.GetRawText() is { Length: > 60 } text ? text[..60] + "…" : value.GetRawText();

    private string Path(string field) => place.Length == 0 ? field : $"{place}.{field}";
}
