using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.ControlFlow;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Workflows.Definitions;

/// <summary>Reads the tree of activities of one definition.</summary>
internal sealed class ActivityReader(
    ActivityRegistry registry,
    ProblemList problems,
    IReadOnlyList<ArgumentDefinition> workflowInputs,
    IReadOnlyList<VariableDefinition> workflowVariables,
    int maxDepth)
{
    /// <summary>Fields of every activity that are not inputs.</summary>
    private static readonly HashSet<string> CommonFields = new(StringComparer.OrdinalIgnoreCase)
    {
        "id", "nodeId", "name", "type", "version", "customProperties", "metadata", "activities", "connections", "variables", "start",
    };

    private readonly Dictionary<string, Activity> byNodeId = new(StringComparer.Ordinal);
    private readonly HashSet<string> ids = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, Activity> ByNodeId => byNodeId;

    public Activity? Read(JsonObject json, string parentNodeId, IReadOnlyList<VariableDefinition> scope, int depth)
    {
        var id = DefinitionReader.Text(json, "id");
        var type = DefinitionReader.Text(json, "type");
        if (string.IsNullOrEmpty(id) || string.IsNullOrEmpty(type))
        {
            problems.Add(id, "An activity needs 'id' and 'type'.");
            return null;
        }

        if (!ids.Add(id))
        {
            problems.Add(id, "Two activities have this id; ids are unique within a definition.");
            return null;
        }

        if (depth > maxDepth)
        {
            problems.Add(id, $"Activities are nested deeper than {maxDepth}.");
            return null;
        }

        if (registry.Create(type) is not { } activity)
        {
            problems.Add(id, $"Type '{type}' is not known here, so it can't run. Known types: {string.Join(", ", registry.Descriptors.Select(d => d.TypeName))}.");
            return null;
        }

        activity.Id = id;
        activity.NodeId = $"{parentNodeId}:{id}";
        activity.Name = DefinitionReader.Text(json, "name") ?? id;
        activity.DisplayText = (json["metadata"] is JsonObject metadata ? DefinitionReader.Text(metadata, "displayText") : null) ?? activity.Name;
        activity.Variables = DefinitionReader.ReadVariables(json, id, problems);
        byNodeId[activity.NodeId] = activity;
        var inner = (IReadOnlyList<VariableDefinition>)[.. activity.Variables, .. scope];
        ReadInputs(activity, json, inner);
        ReadOutputs(activity, json, inner);
        ReadRaw(activity, json, inner);
        (activity as Triggers.TriggerActivity)?.ReadTrigger(json["customProperties"] as JsonObject, problems);
        var children = new List<Activity>();
        ReadPorts(activity, json, inner, depth, children);
        if (activity is IContainer container)
        {
            container.Activities = [.. ReadAll(json["activities"] as JsonArray, activity, inner, depth)];
            children.AddRange(container.Activities);
        }

        if (activity is Flowchart flowchart)
        {
            flowchart.StartId = json["start"] is JsonValue start ? start.ToString() : (json["start"] as JsonObject)?["id"]?.ToString();
            flowchart.Connections = [.. ReadConnections(flowchart, json["connections"] as JsonArray ?? [])];
        }

        activity.Children = children;
        return activity;
    }

    private IEnumerable<Activity> ReadAll(JsonArray? items, Activity parent, IReadOnlyList<VariableDefinition> scope, int depth)
    {
        foreach (var item in items ?? [])
        {
            if (item is not JsonObject child)
            {
                problems.Add(parent.Id, "'activities' holds something that is not an activity.");
            }
            else if (Read(child, parent.NodeId, scope, depth + 1) is { } activity)
            {
                yield return activity;
            }
        }
    }

    private void ReadPorts(Activity activity, JsonObject json, IReadOnlyList<VariableDefinition> scope, int depth, List<Activity> children)
    {
        foreach (var port in activity.Descriptor.EmbeddedPorts)
        {
            if (json[Camel(port)] is JsonObject childJson && Read(childJson, activity.NodeId, scope, depth + 1) is { } child)
            {
                registry.SetPort(activity, port, child);
                children.Add(child);
            }
        }
    }

    private void ReadInputs(Activity activity, JsonObject json, IReadOnlyList<VariableDefinition> scope)
    {
        var expressions = new ExpressionReader(problems, workflowInputs, scope);
        foreach (var (input, described) in activity.Inputs.Zip(activity.Descriptor.Inputs))
        {
            var before = problems.Count;
            if (json[Camel(input.Name)] is JsonObject wrapped && wrapped["expression"] is JsonObject expression)
            {
                input.Expression = expressions.Read(activity.Id, input, expression);
            }

            if (input.Expression is null && described.Required && problems.Count == before)
            {
                problems.Add(activity.Id, $"Input '{Camel(input.Name)}' of {activity.Type} is required and has no value. {described.Description}");
            }
        }

        foreach (var (key, value) in json)
        {
            var known = CommonFields.Contains(key)
                || activity.Inputs.Any(i => Same(i.Name, key))
                || activity.Outputs.Any(o => Same(o.Name, key))
                || activity.Descriptor.EmbeddedPorts.Any(p => Same(p, key))
                || registry.RawProperties(activity).Any(p => Same(p.Name, key));
            if (!known && value is JsonObject unknown && unknown["expression"] is JsonObject)
            {
                problems.Add(activity.Id, $"{activity.Type} has no input '{key}' here. Its inputs: {string.Join(", ", activity.Inputs.Select(i => Camel(i.Name)))}.");
            }
        }
    }

    private void ReadOutputs(Activity activity, JsonObject json, IReadOnlyList<VariableDefinition> scope)
    {
        foreach (var output in activity.Outputs)
        {
            if (json[Camel(output.Name)] is not JsonObject bound || bound["memoryReference"] is not JsonObject reference)
            {
                continue;
            }

            var id = DefinitionReader.Text(reference, "id");
            if (id is not null && !scope.Any(v => Same(v.Id, id) || Same(v.Name, id)))
            {
                problems.Add(activity.Id, $"Output '{Camel(output.Name)}' is bound to variable '{id}', which is not in scope. In scope: {Names(scope)}.");
                continue;
            }

            output.VariableId = id;
        }
    }

    private void ReadRaw(Activity activity, JsonObject json, IReadOnlyList<VariableDefinition> scope)
    {
        foreach (var property in registry.RawProperties(activity))
        {
            if (json[Camel(property.Name)] is not JsonObject raw)
            {
                problems.Add(activity.Id, $"'{Camel(property.Name)}' of {activity.Type} names no variable.");
                continue;
            }

            var reference = new VariableReference(DefinitionReader.Text(raw, "id"), DefinitionReader.Text(raw, "name"));
            if (!scope.Any(v => Same(v.Id, reference.Id) || Same(v.Name, reference.Name)))
            {
                problems.Add(activity.Id, $"Variable '{reference.Name ?? reference.Id}' is not in scope. In scope: {Names(scope)}.");
            }

            property.SetValue(activity, reference);
        }
    }

    private IEnumerable<FlowConnection> ReadConnections(Flowchart flowchart, JsonArray items)
    {
        foreach (var item in items)
        {
            var source = End(item?["source"], "sourcePort", item);
            var target = End(item?["target"], "targetPort", item);
            var from = flowchart.Activities.FirstOrDefault(a => Same(a.Id, source.Id));
            var to = flowchart.Activities.FirstOrDefault(a => Same(a.Id, target.Id));
            if (from is null || to is null)
            {
                var missing = from is null ? source.Id : target.Id;
                problems.Add(flowchart.Id, $"The connection from '{source.Id}' to '{target.Id}' leads {(from is null ? "from" : "to")} '{missing}', which is not an activity of this flowchart.");
                continue;
            }

            var port = source.Port ?? "Done";
            if (!from.Descriptor.IsTerminal && !from.Descriptor.Outcomes.Contains(port, StringComparer.Ordinal))
            {
                problems.Add(from.Id, $"A connection leaves by outcome '{port}', but {from.Type} has only: {string.Join(", ", from.Descriptor.Outcomes)}.");
                continue;
            }

            yield return new FlowConnection(from, port, to);
        }
    }

    /// <summary>One end of a connection: Elsa's object form, or its older flat form.</summary>
    private static (string? Id, string? Port) End(JsonNode? end, string flatPort, JsonNode? connection) => end switch
    {
        JsonObject o => (DefinitionReader.Text(o, "activity"), DefinitionReader.Text(o, "port")),
        JsonValue v when v.GetValueKind() == JsonValueKind.String => (v.GetValue<string>(), connection?[flatPort]?.ToString()),
        _ => (null, null),
    };

    private string Names(IReadOnlyList<VariableDefinition> scope) =>
        scope.Count + workflowVariables.Count == 0 ? "none" : string.Join(", ", scope.Select(v => v.Name).Distinct(StringComparer.Ordinal));

    private static bool Same(string? a, string? b) => a is not null && string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    private static string Camel(string name) => JsonNamingPolicy.CamelCase.ConvertName(name);
}
