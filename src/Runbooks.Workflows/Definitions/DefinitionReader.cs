using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.Definitions;

/// <summary>
/// Reads a definition in Elsa 3's JSON format and checks all of it: what can't run here is refused now, with the activity
/// and the reason, instead of in the middle of a run. Whatever it is given, it answers and does not throw.
/// </summary>
public sealed class DefinitionReader(ActivityRegistry registry)
{
    /// <summary>Larger definitions are refused unread: nobody edits them in a designer.</summary>
    internal const int MaxCharacters = 2_000_000;

    /// <param name="json">The definition.</param>
    /// <param name="source">The file, or who sent it; named in every problem.</param>
    /// <param name="version">The version that this content is published as; null: the one that it says itself.</param>
    /// <param name="find">Finds a workflow that is used as an activity; null: there is none.</param>
    public DefinitionReading Read(string json, string source, int? version = null, Func<WorkflowReference, WorkflowDefinition?>? find = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        var problems = new ProblemList(source);
        if (json.Length > MaxCharacters)
        {
            problems.Add(null, $"The definition has {json.Length} characters; at most {MaxCharacters} are read.");
            return new DefinitionReading(null, problems.All);
        }

        if (DefinitionJson.Parse(json, problems) is not { } top)
        {
            return new DefinitionReading(null, problems.All);
        }

        var id = DefinitionJson.Text(top, "definitionId");
        if (string.IsNullOrWhiteSpace(id))
        {
            problems.Add(null, "'definitionId' is missing; give the runbook a stable id, such as \"consolidate\".");
        }

        var options = OptionReader.Read(top, problems);
        var variables = VariableReader.Variables(top, null, problems);
        var inputs = VariableReader.Arguments(top, "inputs", problems);
        var outputs = VariableReader.Arguments(top, "outputs", problems);
        var outcomes = Outcomes(top, problems);
        var frame = new DefinitionFrame(id ?? "", inputs, outputs, options.UsableAsActivity ? outcomes : null, options.FlowMode, [id ?? ""]);
        var reading = new ActivityReading(registry, find ?? (static _ => null));
        Activity? root = null;
        if (top["root"] is JsonObject rootJson)
        {
            root = new ActivityReader(reading, frame, problems).Read(rootJson, new Place("Workflow1", variables, 0, InLoop: false));
        }
        else
        {
            problems.Add(null, "'root' is missing: a definition needs one root activity, usually an Elsa.Flowchart.");
        }

        if (root is not null)
        {
            Triggers.TriggerPlaces.Check(root, inputs, problems);
        }

        if (problems.Any || root is null)
        {
            return new DefinitionReading(null, problems.All);
        }

        var definition = new WorkflowDefinition(
            id!,
            version ?? DefinitionJson.Number(top, "version") ?? 1,
            DefinitionJson.Text(top, "name") is { Length: > 0 } name ? name : id!,
            DefinitionJson.Text(top, "description") ?? "",
            inputs,
            outputs,
            variables,
            root,
            reading.ByNodeId,
            json)
        {
            Options = options,
            Outcomes = outcomes,
            Uses = [.. reading.Uses.Distinct()],
        };
        return new DefinitionReading(definition, []);
    }

    internal static string? Text(JsonObject json, string name) => DefinitionJson.Text(json, name);

    private static List<string> Outcomes(JsonObject top, ProblemList problems)
    {
        var found = new List<string>();
        foreach (var item in top["outcomes"] as JsonArray ?? [])
        {
            if (item is JsonValue value && value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is { Length: > 0 } outcome)
            {
                found.Add(outcome);
            }
            else
            {
                problems.Add(null, "One of 'outcomes' is not a text.");
            }
        }

        return found;
    }
}
