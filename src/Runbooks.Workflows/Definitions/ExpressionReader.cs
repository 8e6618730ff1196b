using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Expressions.JavaScript;

namespace Runbooks.Workflows.Definitions;

/// <summary>Reads the expressions of inputs, and checks what can be checked before anything runs.</summary>
internal sealed class ExpressionReader(ProblemList problems, IReadOnlyList<ArgumentDefinition> workflowInputs, IReadOnlyList<VariableDefinition> scope)
{
    /// <summary>Variables that loops declare for their bodies.</summary>
    private static readonly string[] LoopVariables = ["CurrentValue", "CurrentIndex"];

    public Expression? Read(string activityId, Input input, JsonObject json)
    {
        var type = DefinitionReader.Text(json, "type") ?? "Literal";
        var value = json["value"];
        return type switch
        {
            "Literal" => Literal(activityId, input, value),
            "Object" or "Json" => Object(activityId, input, value),
            "Variable" => Variable(activityId, input, value),
            "Input" => WorkflowInput(activityId, input, value),
            "JavaScript" => JavaScript(activityId, input, value),
            "Secret" => Secret(activityId, input, value),
            _ => Refuse(activityId, $"Input '{input.Name}' is an expression of type '{type}'; Literal, Object, Variable, Input, JavaScript and Secret can run."),
        };
    }

    private Expression? Literal(string activityId, Input input, JsonNode? value)
    {
        if (value is null || (value is JsonValue v && v.GetValueKind() == JsonValueKind.String && v.GetValue<string>().Length == 0))
        {
            return null;
        }

        try
        {
            _ = ValueConversion.To(value, input.ValueType, input.Name);
            return new Expression.Literal(value.DeepClone());
        }
        catch (ExpressionException e)
        {
            return Refuse(activityId, $"Input {e.Message}");
        }
    }

    private Expression? Object(string activityId, Input input, JsonNode? value)
    {
        if (value is not JsonValue text || text.GetValueKind() != JsonValueKind.String)
        {
            return new Expression.Literal(value?.DeepClone());
        }

        try
        {
            var json = text.GetValue<string>();
            return json.Length == 0 ? null : new Expression.Literal(JsonNode.Parse(json, documentOptions: DefinitionJson.Options));
        }
        catch (JsonException e)
        {
            return Refuse(activityId, $"Input '{input.Name}' should hold JSON: {e.Message}");
        }
    }

    private Expression? Variable(string activityId, Input input, JsonNode? value)
    {
        var reference = Embedded(value);
        var (id, name) = reference is null ? (value?.ToString(), null) : (DefinitionReader.Text(reference, "id"), DefinitionReader.Text(reference, "name"));
        var found = scope.FirstOrDefault(v => Same(v.Id, id)) ?? scope.FirstOrDefault(v => Same(v.Name, name ?? id));
        if (found is not null)
        {
            return new Expression.Variable(found.Id);
        }

        return LoopVariables.FirstOrDefault(v => Same(v, name) || Same(v, id)) is { } loop
            ? new Expression.Variable(loop)
            : Refuse(activityId, $"Input '{input.Name}' reads variable '{name ?? id}', which is not in scope.");
    }

    private Expression? WorkflowInput(string activityId, Input input, JsonNode? value)
    {
        var name = Embedded(value) is { } reference ? DefinitionReader.Text(reference, "name") : value?.ToString();
        return workflowInputs.FirstOrDefault(i => Same(i.Name, name)) is { } found
            ? new Expression.WorkflowInput(found.Name)
            : Refuse(activityId, $"Input '{input.Name}' reads workflow input '{name}', which the workflow does not have.");
    }

    private Expression? JavaScript(string activityId, Input input, JsonNode? value)
    {
        var code = value?.ToString();
        if (string.IsNullOrWhiteSpace(code))
        {
            return null;
        }

        var (script, problem) = JavaScriptRunner.Shared.Read(code);
        return script is not null
            ? new Expression.JavaScript(script.Code, script.IsExpression)
            : Refuse(activityId, $"The JavaScript of input '{input.Name}' can't run: {problem}");
    }

    /// <summary>Whether the activity may have a secret at all is checked by the reader of activities.</summary>
    private Expression? Secret(string activityId, Input input, JsonNode? value)
    {
        var name = value?.ToString();
        return input.ValueType != typeof(string) ? Refuse(activityId, $"Input '{input.Name}' is {TypeAlias.Describe(input.ValueType)}; a secret is a text.")
            : Secrets.SecretNames.IsName(name) ? new Expression.Secret(name!)
            : Refuse(activityId, $"Input '{input.Name}' names secret '{name}'; a name has 1 to 100 letters, digits, dots, hyphens and underscores and does not begin with a dot.");
    }

    /// <summary>Studio writes references as JSON in a text; an object is taken too.</summary>
    private static JsonObject? Embedded(JsonNode? value)
    {
        if (value is JsonObject direct)
        {
            return direct;
        }

        try
        {
            return value is JsonValue text && text.GetValueKind() == JsonValueKind.String ? JsonNode.Parse(text.GetValue<string>()) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private Expression? Refuse(string activityId, string message)
    {
        problems.Add(activityId, message);
        return null;
    }

    private static bool Same(string? a, string? b) => a is not null && string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
