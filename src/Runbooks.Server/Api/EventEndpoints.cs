using System.Text.Json.Nodes;
using Runbooks.Server.Access;
using Runbooks.Server.Views;
using Runbooks.Workflows.Events;

namespace Runbooks.Server.Api;

/// <summary>Events from outside.</summary>
internal static class EventEndpoints
{
    private const string KeyHeader = "Idempotency-Key";
    private const int LongestKey = 200;

    public static void MapEvents(this IEndpointRouteBuilder routes) =>
        _ = routes.MapPost("/api/events/{name}", PublishAsync)
            .WithTags("Events").WithName("PublishEvent")
            .WithSummary("Publishes an event: it wakes the runs that wait for it, starts those that it starts, or is kept. With an Idempotency-Key header, repeating the request changes nothing.")
            .Accepts<PublishEventBody>("application/json")
            .Produces<EventView>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status415UnsupportedMediaType).ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    private static async Task<IResult> PublishAsync(string name, HttpRequest request, IEventPublisher events, IEventStore store, People people, CancellationToken cancellationToken)
    {
        var (body, problem) = await RequestBody.ReadAsync(request, ["payload", "correlationId", "actor"], cancellationToken);
        if (body is null)
        {
            return problem!;
        }

        var correlation = body.Text("correlationId", longest: 200);
        var payload = body.Any("payload");
        var person = Caller.Of(request, body, people);
        var key = request.Headers[KeyHeader].ToString();
        var errors = body.Errors.ToList();
        if (key.Length > LongestKey)
        {
            errors.Add((KeyHeader, $"It has {key.Length} characters; at most {LongestKey} are taken."));
        }

        if (string.IsNullOrWhiteSpace(name) || name.Length > WorkflowEvent.LongestName)
        {
            errors.Add(("name", $"The name of an event has 1 to {WorkflowEvent.LongestName} characters."));
        }

        if (errors.Count > 0)
        {
            return Problems.Invalid(Problems.InvalidInput, "The request is not valid", errors);
        }

        if (!person.May(Permission.Run))
        {
            return Problems.Lacks(person, Permission.Run);
        }

        var id = key.Length > 0 ? $"api:{key}" : $"api:{Guid.CreateVersion7():n}";
        var published = new WorkflowEvent(id, EventKeys.OfEvent(name), payload, person.Name) { CorrelationId = correlation is { Length: > 0 } ? correlation : null };
        var done = await events.PublishAsync(published, cancellationToken);
        if (done.Repeated && await store.FindEventAsync(id, cancellationToken) is { } before && !IsSame(before, published))
        {
            return Problems.Of(
                StatusCodes.Status422UnprocessableEntity,
                Problems.KeyReused,
                "Idempotency key used for another event",
                $"The key '{key}' belongs to the event '{EventKeys.NameIn(before.Key) ?? before.Key}', which was published with other content. Use a new key for a new event.");
        }

        return Results.Json(EventView.Of(name, done), ViewJson.Options, statusCode: StatusCodes.Status202Accepted);
    }

    private static bool IsSame(WorkflowEvent before, WorkflowEvent now) =>
        string.Equals(before.Key, now.Key, StringComparison.Ordinal)
        && string.Equals(before.CorrelationId, now.CorrelationId, StringComparison.Ordinal)
        && JsonNode.DeepEquals(before.Payload, now.Payload);
}

/// <summary>Body of POST /api/events/{name}.</summary>
internal sealed record PublishEventBody(JsonNode? Payload, string? CorrelationId, string? Actor);

/// <summary>What an event did.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Repeated">It had been published before; nothing was done now.</param>
/// <param name="Woken">Runs that were waiting for it.</param>
/// <param name="Started">Runs that it started.</param>
/// <param name="NotStarted">Why a runbook that it starts was not started.</param>
/// <param name="Kept">Nobody took it; it is kept for a run that will.</param>
internal sealed record EventView(string Id, string Name, bool Repeated, IReadOnlyList<string> Woken, IReadOnlyList<string> Started, IReadOnlyList<string> NotStarted, bool Kept)
{
    public static EventView Of(string name, PublishedEvent done) =>
        new(done.Id, name, done.Repeated, [.. done.Woken.Select(r => r.ToString())], [.. done.Started.Select(r => r.ToString())], done.NotStarted, done.Kept);
}
