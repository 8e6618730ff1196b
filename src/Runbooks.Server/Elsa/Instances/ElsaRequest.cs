using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Server.Access;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>Bodies and rights of requests that Studio makes. A body that it leaves out is an empty one.</summary>
internal static class ElsaRequest
{
    /// <summary>What runs that are started, and orders that are given, by Studio say of why.</summary>
    public const string Reason = "from Elsa Studio";

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64 };

    /// <summary>The body as an object; or the refusal of what is none.</summary>
    public static async Task<(JsonObject Body, IResult? Refusal)> BodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength is 0 || (request.ContentLength is null && !request.HasJsonContentType()))
        {
            return ([], null);
        }

        if (!request.HasJsonContentType())
        {
            // A form or plain text is what another site's page can make a browser send without asking.
            return ([], ElsaRefusal.Of($"The content type is '{request.ContentType}'; send application/json."));
        }

        try
        {
            return await JsonNode.ParseAsync(request.Body, documentOptions: Strict, cancellationToken: cancellationToken) switch
            {
                null => ([], null),
                JsonObject body => (body, null),
                _ => ([], ElsaRefusal.Of("The body is not a JSON object.")),
            };
        }
        catch (JsonException e)
        {
            return ([], ElsaRefusal.Of($"The body is not JSON: {e.Message}"));
        }
    }

    /// <summary>Who asks, and the refusal when they may not start and order runs.</summary>
    public static (Person Person, IResult? Refusal) Operator(HttpRequest request, People people)
    {
        var person = people.Of(request);
        return (person, person.May(Permission.Run) ? null : ElsaRefusal.Of(person.Lacks(Permission.Run)));
    }

    /// <summary>A number of the query; a default when it is not there or none.</summary>
    public static int Number(HttpRequest request, string name, int otherwise) => int.TryParse(request.Query[name], out var number) ? number : otherwise;

    public static IResult NoSuchInstance(string? id) => Results.Json(
        new { statusCode = 404, message = $"There is no instance '{id}'.", errors = new { } }, ElsaJson.Options, statusCode: StatusCodes.Status404NotFound);
}
