using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Workflows.Definitions;

/// <summary>Reads what goes into an activity and what comes out of it.</summary>
internal sealed class InputReader(ActivityRegistry registry, DefinitionFrame frame, ProblemList problems)
{
    /// <summary>Fields of every activity that are not inputs.</summary>
    private static readonly HashSet<string> CommonFields = new(StringComparer.OrdinalIgnoreCase)
    {
        "id", "nodeId", "name", "type", "version", "customProperties", "metadata", "activities", "branches", "connections", "variables", "start", "cases",
    };

    public void Read(Activity activity, JsonObject json, IReadOnlyList<VariableDefinition> scope)
    {
        var expressions = new ExpressionReader(problems, frame.Inputs, scope);
        foreach (var (input, described) in activity.Inputs.Zip(activity.Descriptor.Inputs))
        {
            var before = problems.Count;
            input.Expression = Expression(activity, input, json[Camel(input.Name)], expressions, scope);
            if (input.Expression is Expressions.Expression.Secret && activity is not EffectActivity)
            {
                problems.Add(activity.Id, $"Input '{input.Name}' of {activity.Type} names a secret. Only an activity that touches the world gets one; this one could carry it into the history.");
            }

            if (input.Expression is null && described.Required && problems.Count == before)
            {
                problems.Add(activity.Id, $"Input '{Camel(input.Name)}' of {activity.Type} is required and has no value. {described.Description}".TrimEnd());
            }
        }

        foreach (var output in activity.Outputs)
        {
            Bind(activity, output, json[Camel(output.Name)], scope);
        }

        ReadVariableReferences(activity, json, scope);
        RefuseUnknown(activity, json);
    }

    private Expression? Expression(Activity activity, Input input, JsonNode? written, ExpressionReader expressions, IReadOnlyList<VariableDefinition> scope)
    {
        switch (written)
        {
            case JsonObject wrapped when wrapped["expression"] is JsonObject expression:
                return expressions.Read(activity.Id, input, expression);
            case JsonObject wrapped when DefinitionJson.Text(wrapped["memoryReference"], "id") is { } id && scope.FirstOrDefault(v => Same(v.Id, id) || Same(v.Name, id)) is { } variable:
                return new Expression.Variable(variable.Id);
            case JsonObject wrapped when wrapped.Count > 0 && !wrapped.ContainsKey("expression") && !wrapped.ContainsKey("typeName") && !wrapped.ContainsKey("memoryReference"):
                problems.Add(activity.Id, $"Input '{Camel(input.Name)}' of {activity.Type} should be an object with 'typeName' and 'expression'; found {Short(written)}.");
                return null;
            case JsonValue or JsonArray:
                return expressions.Read(activity.Id, input, new JsonObject { ["type"] = written is JsonArray ? "Object" : "Literal", ["value"] = written.DeepClone() });
            default:
                return null;
        }
    }

    private void Bind(Activity activity, Output output, JsonNode? written, IReadOnlyList<VariableDefinition> scope)
    {
        if (written is not JsonObject bound || bound["memoryReference"] is not JsonObject reference || DefinitionJson.Text(reference, "id") is not { } id)
        {
            return;
        }

        if (bound["converter"] is JsonObject)
        {
            problems.Add(activity.Id, $"Output '{Camel(output.Name)}' of '{activity.Name}' asks for a converter; there are none here. Bind it to a variable, and convert that in an expression.");
        }

        if (scope.Any(v => Same(v.Id, id) || Same(v.Name, id)))
        {
            output.VariableId = id;
        }
        else if (frame.Outputs.FirstOrDefault(o => Same(o.Name, id)) is { } outer)
        {
            output.WorkflowOutput = outer.Name;
        }
        else
        {
            problems.Add(activity.Id, $"Output '{Camel(output.Name)}' is bound to variable '{id}', which is not in scope. In scope: {InScope(scope)}.");
        }
    }

    private void ReadVariableReferences(Activity activity, JsonObject json, IReadOnlyList<VariableDefinition> scope)
    {
        foreach (var property in registry.RawProperties(activity))
        {
            if (json[Camel(property.Name)] is not JsonObject raw)
            {
                problems.Add(activity.Id, $"'{Camel(property.Name)}' of {activity.Type} names no variable.");
                continue;
            }

            var reference = new VariableReference(DefinitionJson.Text(raw, "id"), DefinitionJson.Text(raw, "name"));
            if (!scope.Any(v => Same(v.Id, reference.Id) || Same(v.Name, reference.Name)))
            {
                problems.Add(activity.Id, $"Variable '{reference.Name ?? reference.Id}' is not in scope. In scope: {InScope(scope)}.");
            }

            property.SetValue(activity, reference);
        }
    }

    /// <summary>What the definition says and nobody here reads would silently not happen.</summary>
    private void RefuseUnknown(Activity activity, JsonObject json)
    {
        foreach (var (key, value) in json)
        {
            var known = CommonFields.Contains(key)
                || activity.Inputs.Any(i => Same(i.Name, key))
                || activity.Outputs.Any(o => Same(o.Name, key))
                || activity.Descriptor.EmbeddedPorts.Any(p => Same(p, key))
                || activity.Descriptor.RawInputs.Any(p => Same(p.Name, key));
            if (known || value is not JsonObject unknown)
            {
                continue;
            }

            if (unknown["expression"] is JsonObject)
            {
                problems.Add(activity.Id, $"{activity.Type} has no input '{key}' here. Its inputs: {string.Join(", ", activity.Inputs.Select(i => Camel(i.Name)))}.");
            }
            else if (unknown["memoryReference"] is JsonObject)
            {
                problems.Add(activity.Id, $"{activity.Type} has no output '{key}' here. Its outputs: {(activity.Outputs.Count == 0 ? "none" : string.Join(", ", activity.Outputs.Select(o => Camel(o.Name))))}.");
            }
            else if (unknown["type"] is JsonValue && unknown["id"] is JsonValue)
            {
                problems.Add(activity.Id, $"{activity.Type} has no place for an activity called '{key}' here. Its places: {(activity.Descriptor.EmbeddedPorts.Count == 0 ? "none" : string.Join(", ", activity.Descriptor.EmbeddedPorts.Select(Camel)))}.");
            }
        }
    }

    private static string InScope(IReadOnlyList<VariableDefinition> scope) =>
        scope.Count == 0 ? "none" : string.Join(", ", scope.Select(v => v.Name).Distinct(StringComparer.Ordinal));

    private static string Short(JsonNode? value) => value?.ToJsonString() is { Length: > 100 } text ? text[..100] + "…" : value?.ToJsonString() ?? "null";

    private static bool Same(string? a, string? b) => a is not null && string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    private static string Camel(string name) => JsonNamingPolicy.CamelCase.ConvertName(name);
}
