using System.Reflection;
using System.Text;
using Microsoft.Net.Http.Headers;
using Runbooks.Server.Api;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Library;

namespace Runbooks.Server.Elsa.Descriptors;

/// <summary>What Studio must know before it can show anything: activities, and what there is to choose from.</summary>
internal static class DescriptorEndpoints
{
    public static IServiceCollection AddElsaDescriptors(this IServiceCollection services) => services.AddSingleton<DescriptorBoard>();

    public static void MapElsaDescriptors(this IEndpointRouteBuilder api)
    {
        _ = api.MapGet("/descriptors/activities", Activities);
        _ = api.MapGet("/descriptors/activities/{typeName}", (string typeName, DescriptorBoard board) => board.Find(typeName) is { } found ? ElsaJson.Ok(found) : Results.NotFound());
        _ = api.MapPost("/descriptors/activities/{typeName}/options/{property}", Options);
        Fixed(api, "/descriptors/expression-descriptors", FixedDescriptors.Expressions);
        Fixed(api, "/descriptors/variables", FixedDescriptors.Variables);
        Fixed(api, "/descriptors/storage-drivers", FixedDescriptors.StorageDrivers);
        Fixed(api, "/descriptors/workflow-activation-strategies", FixedDescriptors.ActivationStrategies);
        Fixed(api, "/descriptors/incident-strategies", FixedDescriptors.IncidentStrategies);
        Fixed(api, "/descriptors/log-persistence-strategies", FixedDescriptors.LogPersistenceStrategies);
        Fixed(api, "/descriptors/commit-strategies/workflows", FixedDescriptors.CommitStrategies);
        Fixed(api, "/descriptors/commit-strategies/activities", FixedDescriptors.CommitStrategies);
        Fixed(api, "/descriptors/output-converters", FixedDescriptors.OutputConverters);
        Fixed(api, "/workflow-contexts/provider-descriptors", FixedDescriptors.List());
        Fixed(api, "/resilience/strategies", FixedDescriptors.List());
        Fixed(api, "/features/installed", FixedDescriptors.Features);
        Fixed(api, "/package/version", new { packageVersion = typeof(DescriptorEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] });
        _ = api.MapPost("/scripting/javascript/type-definitions/{definitionId}", TypesAsync);
    }

    private static void Fixed(IEndpointRouteBuilder api, string path, object answer) => api.MapGet(path, () => ElsaJson.Ok(answer));

    /// <summary>Studio asks on every page with <c>Refresh=True</c>; the tag tells its browser when it has the list already.</summary>
    private static IResult Activities(DescriptorBoard board, HttpRequest request)
    {
        var page = board.Page;
        var accepted = request.GetTypedHeaders().AcceptEncoding;
        var (bytes, encoding) = accepted.Takes("br") ? (page.Brotli, "br") : accepted.Takes("gzip") ? (page.Gzip, "gzip") : (page.Plain, null);
        var headers = request.HttpContext.Response.Headers;
        headers.CacheControl = "no-cache";
        headers.Vary = HeaderNames.AcceptEncoding;
        if (encoding is not null)
        {
            headers.ContentEncoding = encoding;
        }

        return Results.Bytes(bytes, "application/json; charset=utf-8", entityTag: new EntityTagHeaderValue($"\"{page.Tag}-{encoding ?? "plain"}\""));
    }

    /// <summary>What there is to choose from now, for one input.</summary>
    private static IResult Options(string typeName, string property, DescriptorBoard board) =>
        board.Find(typeName)?.Inputs.FirstOrDefault(i => string.Equals(i.Name, property, StringComparison.OrdinalIgnoreCase)) is { } input
            ? ElsaJson.Ok(new { items = input.UiSpecifications ?? [] })
            : Results.NotFound();

    /// <summary>What scripts of a runbook have, as declarations in TypeScript, for completion in the editor.</summary>
    private static async Task<IResult> TypesAsync(string definitionId, IRunbookLibrary library, ActivityRegistry registry, TypeRequest? asked, CancellationToken cancellationToken)
    {
        var versions = await library.ListAsync(definitionId, cancellationToken);
        return Results.Text(TypeDefinitions.Of(versions.FirstOrDefault(v => v.IsLatest)?.Json, registry, asked?.ActivityTypeName), "application/x-typescript", Encoding.UTF8);
    }

    private sealed record TypeRequest(string? WorkflowDefinitionId, string? ActivityTypeName, string? PropertyName);
}
