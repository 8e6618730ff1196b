using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Workflows.Definitions;

/// <summary>Reads variables, inputs and outputs.</summary>
internal static class VariableReader
{
    public static IReadOnlyList<VariableDefinition> Variables(JsonObject json, string? activityId, ProblemList problems)
    {
        var found = new List<VariableDefinition>();
        foreach (var item in json["variables"] as JsonArray ?? [])
        {
            if (item is not JsonObject variable || DefinitionJson.Text(variable, "name") is not { Length: > 0 } name)
            {
                problems.Add(activityId, "A variable has no name.");
                continue;
            }

            var type = DefinitionJson.Text(variable, "typeName") ?? "Object";
            var isArray = DefinitionJson.Flag(variable, "isArray");
            if (TypeAlias.Find(type, isArray) is not { } clrType)
            {
                problems.Add(activityId, $"Variable '{name}' is of type '{type}', which is not known here.");
                continue;
            }

            JsonNode? value = null;
            try
            {
                value = Parsed(variable["value"], clrType);
                _ = ValueConversion.To(value, clrType, name);
            }
            catch (ExpressionException e)
            {
                problems.Add(activityId, $"Default of variable {e.Message}");
            }

            var id = DefinitionJson.Text(variable, "id") ?? name;
            if (found.Exists(v => string.Equals(v.Id, id, StringComparison.Ordinal)))
            {
                problems.Add(activityId, $"Two variables have the id '{id}'; ids are unique within a container.");
                continue;
            }

            found.Add(new VariableDefinition(id, name, type, isArray, value) { Driver = Driver(variable, name, activityId, problems) });
        }

        return found;
    }

    public static IReadOnlyList<ArgumentDefinition> Arguments(JsonObject top, string key, ProblemList problems)
    {
        var custom = top["customProperties"] as JsonObject;
        var required = (custom?["runbooks:requiredInputs"] as JsonArray ?? []).Select(n => n?.ToString()).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var defaults = custom?["runbooks:inputDefaults"] as JsonObject;
        var found = new List<ArgumentDefinition>();
        foreach (var item in top[key] as JsonArray ?? [])
        {
            if (item is not JsonObject argument || DefinitionJson.Text(argument, "name") is not { Length: > 0 } name)
            {
                problems.Add(null, $"One of '{key}' has no name.");
                continue;
            }

            var type = DefinitionJson.Text(argument, "type") ?? "Object";
            var isArray = DefinitionJson.Flag(argument, "isArray");
            if (TypeAlias.Find(type, isArray) is null)
            {
                problems.Add(null, $"'{key}': '{name}' is of type '{type}', which is not known here.");
            }

            if (found.Exists(a => string.Equals(a.Name, name, StringComparison.OrdinalIgnoreCase)))
            {
                problems.Add(null, $"'{key}': two have the name '{name}'.");
                continue;
            }

            found.Add(new ArgumentDefinition(
                name,
                type,
                isArray,
                DefinitionJson.Text(argument, "displayName") ?? name,
                DefinitionJson.Text(argument, "description") ?? "",
                required.Contains(name),
                defaults?[name]?.DeepClone()));
        }

        return found;
    }

    /// <summary>Elsa names drivers by their type, and has renamed them: the class name within is what counts.</summary>
    private static VariableDriver Driver(JsonObject variable, string name, string? activityId, ProblemList problems)
    {
        var driver = DefinitionJson.Text(variable, "storageDriverTypeName") ?? "";
        if (driver.Length == 0 || driver.Contains("WorkflowInstanceStorageDriver", StringComparison.Ordinal) || driver.Contains("WorkflowStorageDriver", StringComparison.Ordinal))
        {
            return VariableDriver.Run;
        }

        if (!driver.Contains("MemoryStorageDriver", StringComparison.Ordinal))
        {
            problems.Add(activityId, $"Variable '{name}' is stored by '{driver}', which is not known here. Choose Workflow Instance (kept with the run) or Memory (kept until the run waits).");
        }

        return VariableDriver.Memory;
    }

    /// <summary>Studio writes defaults as text; a default of a structured type is JSON in that text.</summary>
    private static JsonNode? Parsed(JsonNode? value, Type type)
    {
        if (value is not JsonValue scalar || scalar.GetValueKind() != JsonValueKind.String)
        {
            return value?.DeepClone();
        }

        var text = scalar.GetValue<string>();
        if (text.Length == 0 && type != typeof(string))
        {
            return null;
        }

        try
        {
            return type == typeof(string) ? value.DeepClone()
                : type.IsAssignableTo(typeof(JsonNode)) || type.IsArray ? JsonNode.Parse(text)
                : JsonSerializer.SerializeToNode(ValueConversion.To(value, type, "value"), type, ValueConversion.Json);
        }
        catch (JsonException)
        {
            return type == typeof(JsonNode) ? value.DeepClone() : throw new ExpressionException($"should be JSON; found '{text}'.");
        }
    }
}
