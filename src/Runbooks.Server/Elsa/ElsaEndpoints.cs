using System.Text.Json;
using System.Text.Json.Serialization;
using Runbooks.Server.Elsa.Definitions;
using Runbooks.Server.Elsa.Descriptors;
using Runbooks.Server.Elsa.Instances;
using Runbooks.Server.Elsa.Live;

namespace Runbooks.Server.Elsa;

/// <summary>
/// What Elsa Studio calls, under <c>/elsa/api</c>. Names are camelCase and words are as Elsa writes them; unlike the API of
/// the product (<c>/api</c>) it follows what another program expects, and only that.
/// </summary>
internal static class ElsaEndpoints
{
    public const string Prefix = "/elsa/api";

    /// <summary>Where Studio looks for the hub when its endpoint is <see cref="Prefix"/>.</summary>
    public const string HubPath = "/elsa/hubs/workflow-instance";

    public static void MapElsa(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup(Prefix).ExcludeFromDescription();
        api.MapElsaDescriptors();
        api.MapElsaDefinitions();
        api.MapElsaInstances();
        _ = routes.MapHub<InstanceHub>(HubPath);
    }
}

/// <summary>How the API for Studio writes JSON: Elsa's own spelling of enum values, nulls included.</summary>
internal static class ElsaJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() },
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static IResult Ok(object? value) => Results.Json(value, Options);
}

/// <summary>
/// Refusals that Studio can show. It handles status 400 with this shape, as a toast, and nothing else: any other status
/// ends its view.
/// </summary>
internal static class ElsaRefusal
{
    public static IResult Of(params IEnumerable<string> messages) => Results.Json(
        new { statusCode = 400, message = "One or more errors occurred!", errors = new { generalErrors = messages.ToArray() } }, ElsaJson.Options, statusCode: 400);
}
