using System.Text.Json.Nodes;
using Runbooks.Server.Access;
using Runbooks.Server.Views;
using Runbooks.Workflows.Events;

namespace Runbooks.Server.Api;

/// <summary>Tasks that runs wait for.</summary>
internal static class TaskEndpoints
{
    public static void MapTasks(this IEndpointRouteBuilder routes) =>
        _ = routes.MapPost("/api/tasks/{taskId}/complete", CompleteAsync)
            .WithTags("Tasks").WithName("CompleteTask")
            .WithSummary("Reports a task done; its run goes on with the result. Repeating the report changes nothing.")
            .Accepts<CompleteTaskBody>("application/json")
            .Produces<TaskView>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);

    private static async Task<IResult> CompleteAsync(string taskId, HttpRequest request, TaskDesk desk, People people, CancellationToken cancellationToken)
    {
        var (body, problem) = await RequestBody.ReadAsync(request, ["result", "actor"], cancellationToken);
        if (body is null)
        {
            return problem!;
        }

        var person = Caller.Of(request, body, people);
        if (body.Errors.Count > 0)
        {
            return Problems.Invalid(Problems.InvalidInput, "The request is not valid", body.Errors);
        }

        if (!person.May(Permission.Run))
        {
            return Problems.Lacks(person, Permission.Run);
        }

        return await desk.CompleteAsync(taskId, body.Any("result"), person.Name, cancellationToken) switch
        {
            TaskAnswer.Completed completed => Results.Json(new TaskView(taskId, completed.RunId.ToString(), completed.Repeated), ViewJson.Options, statusCode: StatusCodes.Status202Accepted),
            TaskAnswer.OtherResult other => Problems.Of(
                StatusCodes.Status409Conflict, Problems.TaskDoneOtherwise, "Reported done before", $"Task {taskId} of run {other.RunId} was reported done before, with another result; that one counts."),
            TaskAnswer.TooLate late => Problems.Of(
                StatusCodes.Status409Conflict,
                Problems.TaskNotWaiting,
                "Nobody waits for this task",
                $"Run {late.Run.Id} is {Logging.RunWords.Of(late.Run.Status)} and does not wait for task {taskId} (any more). Its history says why: GET /api/runs/{late.Run.Id}/journal.",
                new KeyValuePair<string, object?>("runId", late.Run.Id.ToString()),
                new KeyValuePair<string, object?>("state", ViewWords.Of(late.Run.Status))),
            _ => Problems.Of(StatusCodes.Status404NotFound, Problems.UnknownTask, "No such task", $"There is no task '{taskId}'. Use the taskId that came with the task."),
        };
    }
}

/// <summary>Body of POST /api/tasks/{taskId}/complete.</summary>
internal sealed record CompleteTaskBody(JsonNode? Result, string? Actor);

/// <summary>A task that was reported done.</summary>
internal sealed record TaskView(string TaskId, string RunId, bool Repeated);
