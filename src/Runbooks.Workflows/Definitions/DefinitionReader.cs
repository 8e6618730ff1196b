using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Workflows.Definitions;

/// <summary>
/// Reads a definition in Elsa 3's JSON format and checks all of it: what can't run here is refused now, with the activity
/// and the reason, instead of in the middle of a run.
/// </summary>
public sealed class DefinitionReader(ActivityRegistry registry)
{
    /// <summary>Larger definitions are refused unread: nobody edits them in a designer.</summary>
    private const int MaxCharacters = 2_000_000;

    private const int MaxDepth = 64;

    private static readonly Dictionary<string, ActivationStrategy> ActivationStrategies = new(StringComparer.Ordinal)
    {
        ["AllowAlwaysStrategy"] = ActivationStrategy.Always,
        ["SingletonStrategy"] = ActivationStrategy.Singleton,
        ["CorrelationStrategy"] = ActivationStrategy.Correlation,
        ["CorrelatedSingletonStrategy"] = ActivationStrategy.CorrelatedSingleton,
    };

    private static readonly Dictionary<string, IncidentStrategy> IncidentStrategies = new(StringComparer.Ordinal)
    {
        ["FaultStrategy"] = IncidentStrategy.Fault,
        ["ContinueWithIncidentsStrategy"] = IncidentStrategy.ContinueWithIncidents,
    };

    private static readonly JsonDocumentOptions ParserOptions = new() { MaxDepth = 200, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <param name="json">The definition.</param>
    /// <param name="source">The file, or who sent it; named in every problem.</param>
    /// <param name="version">The version that this content is published as; null: the one that it says itself.</param>
    public DefinitionReading Read(string json, string source, int? version = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        var problems = new ProblemList(source);
        if (json.Length > MaxCharacters)
        {
            problems.Add(null, $"The definition has {json.Length} characters; at most {MaxCharacters} are read.");
            return new DefinitionReading(null, problems.All);
        }

        if (Parse(json, problems) is not { } top)
        {
            return new DefinitionReading(null, problems.All);
        }

        var id = Text(top, "definitionId");
        if (string.IsNullOrWhiteSpace(id))
        {
            problems.Add(null, "'definitionId' is missing; give the runbook a stable id, such as \"consolidate\".");
        }

        var options = ReadOptions(top, problems);
        var variables = ReadVariables(top, null, problems);
        var inputs = ReadArguments(top, "inputs", problems);
        var outputs = ReadArguments(top, "outputs", problems);
        var reading = new ActivityReader(registry, problems, inputs, variables, MaxDepth);
        Activity? root = null;
        if (top["root"] is JsonObject rootJson)
        {
            root = reading.Read(rootJson, "Workflow1", variables, 0);
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
            version ?? top["version"]?.GetValue<int>() ?? 1,
            Text(top, "name") ?? id!,
            Text(top, "description") ?? "",
            inputs,
            outputs,
            variables,
            root,
            reading.ByNodeId,
            json)
        {
            Options = options,
        };
        return new DefinitionReading(definition, []);
    }

    internal static string? Text(JsonObject json, string name) =>
        json[name] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    internal static IReadOnlyList<VariableDefinition> ReadVariables(JsonObject json, string? activityId, ProblemList problems)
    {
        var found = new List<VariableDefinition>();
        foreach (var item in json["variables"] as JsonArray ?? [])
        {
            if (item is not JsonObject variable || Text(variable, "name") is not { Length: > 0 } name)
            {
                problems.Add(activityId, "A variable has no name.");
                continue;
            }

            var type = Text(variable, "typeName") ?? "Object";
            var isArray = variable["isArray"]?.GetValue<bool>() ?? false;
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

            found.Add(new VariableDefinition(Text(variable, "id") ?? name, name, type, isArray, value));
        }

        return found;
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

    private static List<ArgumentDefinition> ReadArguments(JsonObject top, string key, ProblemList problems)
    {
        var custom = top["customProperties"] as JsonObject;
        var required = (custom?["runbooks:requiredInputs"] as JsonArray ?? []).Select(n => n?.GetValue<string>()).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var defaults = custom?["runbooks:inputDefaults"] as JsonObject;
        var found = new List<ArgumentDefinition>();
        foreach (var item in top[key] as JsonArray ?? [])
        {
            if (item is not JsonObject argument || Text(argument, "name") is not { Length: > 0 } name)
            {
                problems.Add(null, $"One of '{key}' has no name.");
                continue;
            }

            var type = Text(argument, "type") ?? "Object";
            var isArray = argument["isArray"]?.GetValue<bool>() ?? false;
            if (TypeAlias.Find(type, isArray) is null)
            {
                problems.Add(null, $"'{key}': '{name}' is of type '{type}', which is not known here.");
            }

            found.Add(new ArgumentDefinition(name, type, isArray, Text(argument, "displayName") ?? name, Text(argument, "description") ?? "", required.Contains(name), defaults?[name]?.DeepClone()));
        }

        return found;
    }

    private static JsonObject? Parse(string json, ProblemList problems)
    {
        try
        {
            if (JsonNode.Parse(json, documentOptions: ParserOptions) is JsonObject top)
            {
                return top;
            }

            problems.Add(null, "The file is JSON, but not an object: a workflow definition starts with '{'.");
        }
        catch (JsonException e)
        {
            problems.Add(null, $"Not JSON: line {e.LineNumber + 1}, column {e.BytePositionInLine + 1}: {e.Message.Split(" LineNumber")[0]}");
        }
        catch (ArgumentException e)
        {
            problems.Add(null, $"Not usable JSON: {e.Message}");
        }

        return null;
    }

    /// <summary>Settings that would change how a run behaves, and that this engine does not have yet, are refused.</summary>
    private static WorkflowOptions ReadOptions(JsonObject top, ProblemList problems)
    {
        if (top["options"] is not JsonObject options)
        {
            return new WorkflowOptions();
        }

        return new WorkflowOptions
        {
            Activation = Strategy(options, "activationStrategyType", problems, ActivationStrategies, ActivationStrategy.Always),
            Incidents = Strategy(options, "incidentStrategyType", problems, IncidentStrategies, IncidentStrategy.Fault),
        };
    }

    /// <summary>Elsa names strategies by their type: short, or with namespace and assembly.</summary>
    private static T Strategy<T>(JsonObject options, string field, ProblemList problems, IReadOnlyDictionary<string, T> known, T fallback)
    {
        if (Text(options, field) is not { Length: > 0 } name)
        {
            return fallback;
        }

        var type = name.Split(',')[0].Split('.')[^1].Trim();
        if (known.TryGetValue(type, out var found))
        {
            return found;
        }

        problems.Add(null, $"Option '{field}' is '{name}'. Known: {string.Join(", ", known.Keys)}.");
        return fallback;
    }
}

/// <summary>Collects problems of one source.</summary>
internal sealed class ProblemList(string source)
{
    private readonly List<DefinitionProblem> problems = [];

    public bool Any => problems.Count > 0;

    public int Count => problems.Count;

    public IReadOnlyList<DefinitionProblem> All => problems;

    public void Add(string? activityId, string message) => problems.Add(new DefinitionProblem(source, activityId, message));
}
