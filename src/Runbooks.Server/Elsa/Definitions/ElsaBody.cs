using System.Text.Json;
using System.Text.Json.Nodes;

namespace Runbooks.Server.Elsa.Definitions;

/// <summary>The body of a request of Studio's.</summary>
internal static class ElsaBody
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 256, AllowDuplicateProperties = false };

    /// <summary>An object, or the answer that says what is wrong. No body is an empty object.</summary>
    public static async Task<(JsonObject Body, IResult? Problem)> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        // A form or plain text is what another site's page can make a browser send without asking; JSON is not.
        if (request.ContentLength is > 0 && !request.HasJsonContentType())
        {
            return ([], ElsaRefusal.Of($"The content type is '{request.ContentType}'; send application/json."));
        }

        using var text = new StreamReader(request.Body);
        var json = await text.ReadToEndAsync(cancellationToken);
        if (json.Length == 0)
        {
            return ([], null);
        }

        try
        {
            return JsonNode.Parse(json, documentOptions: Options) is JsonObject body
                ? (body, null)
                : ([], ElsaRefusal.Of("The body is JSON, but not an object."));
        }
        catch (JsonException e)
        {
            return ([], ElsaRefusal.Of($"The body is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}."));
        }
    }

    /// <summary>A list of texts; empty when there is none.</summary>
    public static IReadOnlyList<string> Texts(this JsonObject body, string name) =>
        body[name] is JsonArray list ? [.. list.OfType<JsonValue>().Where(v => v.GetValueKind() == JsonValueKind.String).Select(v => v.GetValue<string>()).Distinct(StringComparer.Ordinal)] : [];

    public static bool Flag(this JsonObject body, string name) => body[name] is JsonValue value && value.GetValueKind() == JsonValueKind.True;
}
