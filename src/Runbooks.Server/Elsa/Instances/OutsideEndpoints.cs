using Runbooks.Server.Access;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>What reaches runs from outside through Elsa's API: tasks that were done, and events.</summary>
internal static class OutsideEndpoints
{
    public static void MapOutside(this RouteGroupBuilder api)
    {
        _ = api.MapPost("/tasks/{taskId}/complete", CompleteAsync);
        _ = api.MapPost("/events/{eventName}/trigger", TriggerAsync);
    }

    private static async Task<IResult> CompleteAsync(string taskId, HttpRequest request, TaskDesk desk, People people, CancellationToken cancellationToken)
    {
        var (person, forbidden) = ElsaRequest.Operator(request, people);
        var (body, refusal) = await ElsaRequest.BodyAsync(request, cancellationToken);
        if ((forbidden ?? refusal) is { } no)
        {
            return no;
        }

        return await desk.CompleteAsync(taskId, body["result"]?.DeepClone(), person.Name, cancellationToken) switch
        {
            TaskAnswer.Completed => Results.Ok(),
            TaskAnswer.OtherResult other => ElsaRefusal.Of($"Task {taskId} of run {other.RunId} was reported done before, with another result; that one counts."),
            TaskAnswer.TooLate late => ElsaRefusal.Of($"Run {late.Run.Id} does not wait for task {taskId} (any more)."),
            _ => ElsaRefusal.Of($"There is no task '{taskId}'."),
        };
    }

    private static async Task<IResult> TriggerAsync(string eventName, HttpRequest request, IEventPublisher events, IIdSource ids, People people, CancellationToken cancellationToken)
    {
        var (person, forbidden) = ElsaRequest.Operator(request, people);
        var (body, refusal) = await ElsaRequest.BodyAsync(request, cancellationToken);
        if ((forbidden ?? refusal) is { } no)
        {
            return no;
        }

        if (string.IsNullOrWhiteSpace(eventName) || eventName.Length > WorkflowEvent.LongestName)
        {
            return ElsaRefusal.Of($"The name of an event has 1 to {WorkflowEvent.LongestName} characters.");
        }

        var only = InstanceQueries.Text(body, "workflowInstanceId");
        if (only is not null && !RunId.TryParse(only, out _))
        {
            return ElsaRefusal.Of($"There is no run '{only}'.");
        }

        _ = RunId.TryParse(only, out var run);
        _ = await events.PublishAsync(
            new WorkflowEvent($"elsa:{ids.Next():n}", EventKeys.OfEvent(eventName), body["input"]?.DeepClone(), person.Name)
            {
                CorrelationId = InstanceQueries.Text(body, "correlationId"),
                RunId = only is null ? null : run,
            },
            cancellationToken);
        return Results.Ok();
    }
}
