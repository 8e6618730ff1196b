using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>Makes runs from requests, and refuses inputs that the runbook can't take, before anything is stored.</summary>
public sealed class RunFactory(DefinitionCatalog catalog, IIdSource ids, TimeProvider clock)
{
    /// <summary>The input by which a child run that has it learns which run started it.</summary>
    private const string ParentInstanceId = "ParentInstanceId";

    /// <summary>A run, or everything that is wrong with the request.</summary>
    public (Run? Run, IReadOnlyList<StartProblem> Problems) Create(WorkflowDefinition definition, StartRequest request) =>
        Create(definition, request, null, null);

    /// <summary>An id for whatever a run needs one for.</summary>
    internal Guid NewId() => ids.Next();

    internal (Run? Run, string? Problem) CreateChild(StartRequest request, RunId parent, string? bookmarkId)
    {
        if (catalog.Latest(request.DefinitionId) is not { } definition)
        {
            return (null, $"There is no runbook '{request.DefinitionId}'. Known: {string.Join(", ", catalog.Ids)}.");
        }

        if (definition.Inputs.Any(i => string.Equals(i.Name, ParentInstanceId, StringComparison.OrdinalIgnoreCase)) && !request.Input.ContainsKey(ParentInstanceId))
        {
            request.Input[ParentInstanceId] = parent.ToString();
        }

        var (run, problems) = Create(definition, request, parent, bookmarkId);
        return (run, run is null ? $"Runbook '{request.DefinitionId}' can't be started: {string.Join(" ", problems.Select(p => $"{p.Field}: {p.Message}"))}" : null);
    }

    private (Run? Run, IReadOnlyList<StartProblem> Problems) Create(WorkflowDefinition definition, StartRequest request, RunId? parent, string? bookmarkId)
    {
        var problems = new List<StartProblem>();
        var input = new JsonObject();
        foreach (var (name, value) in request.Input)
        {
            if (definition.Inputs.FirstOrDefault(i => string.Equals(i.Name, name, StringComparison.OrdinalIgnoreCase)) is { } known)
            {
                Check(known, value, input, problems);
            }
            else
            {
                problems.Add(new StartProblem(name, $"Runbook '{definition.DefinitionId}' has no such input. Its inputs: {(definition.Inputs.Count == 0 ? "none" : string.Join(", ", definition.Inputs.Select(i => i.Name)))}."));
            }
        }

        foreach (var missing in definition.Inputs.Where(i => !input.ContainsKey(i.Name) && problems.All(p => !string.Equals(p.Field, i.Name, StringComparison.Ordinal))))
        {
            if (missing.Default is not null)
            {
                input[missing.Name] = missing.Default.DeepClone();
            }
            else if (missing.Required)
            {
                problems.Add(new StartProblem(missing.Name, $"This input is required. {missing.Description}".TrimEnd()));
            }
        }

        if (request.Trigger is { } trigger && !definition.ByNodeId.ContainsKey(trigger.NodeId))
        {
            problems.Add(new StartProblem("trigger", $"Version {definition.Version} of runbook '{definition.DefinitionId}' has no activity '{trigger.NodeId}', so it can't start there."));
        }

        if (definition.Version < 0 && !request.IsDryRun)
        {
            problems.Add(new StartProblem("runbook", $"Version {definition.Version} of runbook '{definition.DefinitionId}' is a draft, and a draft runs only dry. Publish it first."));
        }

        if (problems.Count > 0)
        {
            return (null, problems);
        }

        return (new Run
        {
            Id = new RunId(ids.Next()),
            DefinitionId = definition.DefinitionId,
            DefinitionVersion = definition.Version,
            CreatedAt = clock.GetUtcNow(),
            StartedBy = request.StartedBy,
            IdempotencyKey = request.IdempotencyKey,
            CorrelationId = request.CorrelationId,
            Trigger = request.Trigger,
            IsDryRun = request.IsDryRun,
            Activation = request.IsDryRun ? ActivationStrategy.Always : definition.Options.Activation,
            ParentRunId = parent,
            ParentBookmarkId = bookmarkId,
            Input = input,
        }, []);
    }

    private static void Check(ArgumentDefinition known, JsonNode? value, JsonObject input, List<StartProblem> problems)
    {
        if (value is null)
        {
            // The same as not given: the default, or a missing input.
            return;
        }

        var type = TypeAlias.Find(known.TypeName, known.IsArray) ?? typeof(JsonNode);
        try
        {
            var converted = ValueConversion.To(value, type, known.Name);
            if (converted is null)
            {
                return;
            }

            // Text in a numeric field is taken as the designer sends it; a number in a text field is a mistake worth naming.
            if (type == typeof(string) && value is JsonValue v && v.GetValueKind() != System.Text.Json.JsonValueKind.String)
            {
                throw new ExpressionException($"'{known.Name}' should be a text; found {value.ToJsonString()}.");
            }

            input[known.Name] = converted is JsonNode ? value.DeepClone() : System.Text.Json.JsonSerializer.SerializeToNode(converted, type, ValueConversion.Json);
        }
        catch (ExpressionException e)
        {
            problems.Add(new StartProblem(known.Name, e.Message));
        }
    }
}

/// <summary>Starts runs in the store.</summary>
public sealed class RunStarter(DefinitionCatalog catalog, RunFactory factory, Journal.IRunStore store, IWorkSignal signal) : IRunStarter
{
    public async Task<StartAnswer> StartAsync(StartRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (await DefinitionAsync(request, cancellationToken) is not { } definition)
        {
            return request.Draft is { } draft && await catalog.ProblemsOfAsync(request.DefinitionId, draft, cancellationToken) is { Count: > 0 } found
                ? new StartAnswer.Invalid([.. found.Select(p => new StartProblem("runbook", p.ActivityId is null ? p.Message : $"Activity '{p.ActivityId}': {p.Message}"))])
                : new StartAnswer.UnknownRunbook(request.DefinitionId, [.. catalog.Ids]);
        }

        var (run, problems) = factory.Create(definition, request);
        if (run is null)
        {
            return new StartAnswer.Invalid(problems);
        }

        var created = await store.CreateAsync(run, cancellationToken);
        if (created.BlockedBy is { } open)
        {
            return new StartAnswer.Refused(ActivationRule.WhyNot(run, open), open);
        }

        signal.Raise();
        return new StartAnswer.Accepted(created.Id, created.AlreadyThere);
    }

    private Task<WorkflowDefinition?> DefinitionAsync(StartRequest request, CancellationToken cancellationToken) => request.Draft is { } draft
        ? catalog.FindAsync(request.DefinitionId, draft, cancellationToken)
        : catalog.LatestAsync(request.DefinitionId, cancellationToken);
}
