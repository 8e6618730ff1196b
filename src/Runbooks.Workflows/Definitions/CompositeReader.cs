using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Children;

namespace Runbooks.Workflows.Definitions;

/// <summary>Builds a published workflow into another one, as an activity.</summary>
internal sealed class CompositeReader(ActivityReading reading, DefinitionFrame frame, ProblemList problems)
{
    /// <summary>The activity, without what is inside; null with a problem when it can't be used.</summary>
    public WorkflowActivity? Create(string id, WorkflowReference reference)
    {
        if (frame.Within.Contains(reference.DefinitionId, StringComparer.Ordinal))
        {
            problems.Add(id, $"Workflow '{reference.DefinitionId}' would contain itself: {string.Join(" → ", frame.Within.SkipWhile(w => !string.Equals(w, reference.DefinitionId, StringComparison.Ordinal)).Append(reference.DefinitionId))}. Start one of them as a run of its own instead (Elsa.ExecuteWorkflow).");
            return null;
        }

        if (reading.Find(reference) is not { } definition)
        {
            problems.Add(id, reference.Version is null
                ? $"It uses the workflow '{reference.DefinitionId}' as an activity, which does not exist or was refused. Publish that one first."
                : $"It uses version {reference.Version} of the workflow '{reference.DefinitionId}' as an activity, which does not exist or can't run any more. Choose another version.");
            return null;
        }

        if (!definition.Options.UsableAsActivity)
        {
            problems.Add(id, $"It uses the workflow '{reference.DefinitionId}' as an activity, but that one does not allow it. Tick 'usable as activity' in its options (options.usableAsActivity).");
            return null;
        }

        reading.Uses.Add(reference);
        return WorkflowActivity.Of(definition);
    }

    /// <summary>Reads what is inside. Ids of its activities may be those of others outside: their paths differ.</summary>
    public IEnumerable<Activity> ReadInside(WorkflowActivity activity, Place place)
    {
        var definition = activity.Workflow;
        var inner = new ProblemList(problems.Source);
        if (DefinitionJson.Parse(definition.Json, inner)?["root"] is JsonObject root)
        {
            activity.Variables = definition.Variables;
            var inside = new DefinitionFrame(
                definition.DefinitionId,
                definition.Inputs,
                definition.Outputs,
                definition.Outcomes,
                definition.Options.FlowMode,
                [.. frame.Within, definition.DefinitionId]);
            activity.Root = new ActivityReader(reading, inside, inner).Read(root, place with { Scope = definition.Variables, InLoop = false });
        }

        foreach (var problem in inner.All)
        {
            problems.Add(activity.Id, $"In the workflow '{definition.DefinitionId}' that it uses: {(problem.ActivityId is null ? "" : $"activity '{problem.ActivityId}': ")}{problem.Message}");
        }

        return activity.Root is null ? [] : [activity.Root];
    }
}
