using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Server.Elsa.Descriptors;

/// <summary>What a script of a runbook has, declared in TypeScript: its variables, inputs, steps, and our functions. Pure.</summary>
internal static class TypeDefinitions
{
    private const string AnyType = "any";

    /// <summary>As in <c>prelude.js</c>, which gives these to scripts.</summary>
    private const string Functions = """
        /** The value of an input of the runbook; null when it was not given. */
        declare function getInput(name: RunbookInput): any;
        declare function getVariable(name: RunbookVariable): any;
        declare function setVariable(name: RunbookVariable, value: any): void;
        /** The Result of the activity that completed last. */
        declare function getLastResult(): any;
        /** The id of the run. */
        declare function getWorkflowInstanceId(): string;
        declare function getWorkflowInstanceName(): string | null;
        declare function setWorkflowInstanceName(value: string): void;
        declare function getWorkflowDefinitionId(): string;
        declare function getWorkflowDefinitionVersionId(): string;
        declare function getWorkflowDefinitionVersion(): number;
        declare function getCorrelationId(): string | null;
        declare function setCorrelationId(value: string): void;
        declare function toJson(value: any): string;
        declare function isNullOrEmpty(value: any): boolean;
        declare function isNullOrWhiteSpace(value: any): boolean;
        declare function newGuid(): string;
        declare function newGuidString(): string;
        declare function newShortGuid(): string;
        declare function parseGuid(value: string): string;
        declare function bytesFromString(value: string): Uint8Array;
        declare function bytesToString(value: Uint8Array): string;
        declare function bytesToBase64(value: Uint8Array): string;
        declare function bytesFromBase64(value: string): Uint8Array;
        declare function stringToBase64(value: string): string;
        declare function stringFromBase64(value: string): string;
        """;

    private const string Outcomes = """
        /** The outcome by which this activity is left. */
        declare function setOutcome(name: string): void;
        declare function setOutcomes(names: string[]): void;
        """;

    /// <param name="json">The definition; null when it is not known: then only the functions are told.</param>
    /// <param name="registry">The activity types, for the outputs of steps.</param>
    /// <param name="activityType">The type of the activity whose script is edited.</param>
    public static string Of(string? json, ActivityRegistry registry, string? activityType)
    {
        var top = json is null ? null : JsonNode.Parse(json) as JsonObject;
        var inputs = Named(top?["inputs"], "type").ToArray();
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        var steps = new List<(string Name, ActivityDescriptor? Descriptor)>();
        Collect(top?["variables"], variables);
        Walk(top?["root"], registry, variables, steps);

        var text = new StringBuilder();
        _ = text.Append("declare type RunbookInput = ").Append(Union(inputs.Select(i => i.Name))).AppendLine(";")
            .Append("declare type RunbookVariable = ").Append(Union(variables.Keys)).AppendLine(";")
            .AppendLine("/** The runbook's variables; what is set here is kept. */").AppendLine("declare const variables: {");
        foreach (var (name, type) in variables)
        {
            _ = text.Append("  ").Append(IsIdentifier(name) ? name : JsonSerializer.Serialize(name)).Append(": ").Append(type).AppendLine(";");
        }

        _ = text.AppendLine("};").AppendLine(Functions);
        foreach (var (name, type, description) in inputs.Where(i => IsIdentifier(i.Name)))
        {
            _ = text.Append("/** ").Append((description.Length > 0 ? description : "An input of the runbook.").Replace("*/", "* /", StringComparison.Ordinal)).AppendLine(" */")
                .Append("declare function get").Append(Capital(name)).Append("(): ").Append(Nullable(type)).AppendLine(";");
        }

        foreach (var (name, type) in variables.Where(v => IsIdentifier(v.Key)))
        {
            _ = text.Append("declare function get").Append(Capital(name)).Append("(): ").Append(type).AppendLine(";")
                .Append("declare function set").Append(Capital(name)).Append("(value: ").Append(type).AppendLine("): void;");
        }

        AppendSteps(text, steps);
        if (activityType == "Elsa.RunJavaScript")
        {
            _ = text.AppendLine(Outcomes);
        }

        return text.ToString();
    }

    /// <summary>One overload for each output of each step, so that the editor completes both names and knows the type.</summary>
    private static void AppendSteps(StringBuilder text, List<(string Name, ActivityDescriptor? Descriptor)> steps)
    {
        foreach (var (name, descriptor) in steps)
        {
            foreach (var output in descriptor?.Outputs ?? [])
            {
                var type = Script(TypeAlias.Of(output.ValueType), isArray: false);
                _ = text.Append("/** ").Append(output.Description.Replace("*/", "* /", StringComparison.Ordinal)).AppendLine(" */")
                    .Append("declare function getOutputFrom(activity: ").Append(JsonSerializer.Serialize(name)).Append(", output: ").Append(JsonSerializer.Serialize(output.Name)).Append("): ").Append(Nullable(type)).AppendLine(";");
                if (output.Name == "Result")
                {
                    _ = text.Append("declare function getOutputFrom(activity: ").Append(JsonSerializer.Serialize(name)).Append("): ").Append(Nullable(type)).AppendLine(";");
                }
            }
        }

        _ = text.Append("declare function getOutputFrom(activity: ").Append(Union(steps.Select(s => s.Name))).AppendLine(", output?: string): any;");
    }

    private static void Walk(JsonNode? node, ActivityRegistry registry, Dictionary<string, string> variables, List<(string, ActivityDescriptor?)> steps)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list)
            {
                Walk(item, registry, variables, steps);
            }
        }
        else if (node is JsonObject json)
        {
            if (json["type"] is JsonValue type && json["id"] is JsonValue && json["name"] is JsonValue name && type.TryGetValue<string>(out var typeName))
            {
                steps.Add((name.ToString(), registry.Find(typeName)));
                Collect(json["variables"], variables);
                if (typeName is "Elsa.ForEach" or "Elsa.ParallelForEach" or "Elsa.For")
                {
                    _ = variables.TryAdd("CurrentValue", typeName == "Elsa.For" ? "number" : AnyType);
                    _ = variables.TryAdd("CurrentIndex", "number");
                }
            }

            foreach (var (key, value) in json.Where(p => p.Key is not ("customProperties" or "metadata" or "variables" or "connections")).ToArray())
            {
                Walk(value, registry, variables, steps);
            }
        }
    }

    private static void Collect(JsonNode? declared, Dictionary<string, string> variables)
    {
        foreach (var (name, type, _) in Named(declared, "typeName"))
        {
            _ = variables.TryAdd(name, type);
        }
    }

    private static IEnumerable<(string Name, string Type, string Description)> Named(JsonNode? list, string typeField) =>
        (list as JsonArray ?? []).OfType<JsonObject>()
            .Where(o => o["name"]?.ToString() is { Length: > 0 })
            .Select(o => (o["name"]!.ToString(), Script(o[typeField]?.ToString() ?? "", o["isArray"]?.GetValueKind() == JsonValueKind.True), o["description"]?.ToString() ?? ""));

    private static string Script(string alias, bool isArray)
    {
        if (isArray || alias.EndsWith("[]", StringComparison.Ordinal))
        {
            return $"({Script(alias.TrimEnd(']', '['), isArray: false)})[]";
        }

        var optional = alias.EndsWith('?');
        var type = (TypeAlias.Find(alias.TrimEnd('?')) ?? typeof(JsonNode)) switch
        {
            var t when t == typeof(string) || t == typeof(TimeSpan) || t == typeof(DateTimeOffset) || t == typeof(Guid) => "string",
            var t when t == typeof(bool) => "boolean",
            var t when t == typeof(int) || t == typeof(long) || t == typeof(double) || t == typeof(decimal) => "number",
            var t when t == typeof(JsonArray) => "any[]",
            _ => AnyType,
        };
        return optional ? Nullable(type) : type;
    }

    private static string Nullable(string type) => type == AnyType || type.EndsWith(" | null", StringComparison.Ordinal) ? type : $"{type} | null";

    private static string Union(IEnumerable<string> names) =>
        string.Join(" | ", names.Distinct(StringComparer.Ordinal).Select(n => JsonSerializer.Serialize(n))) is { Length: > 0 } union ? union : "string";

    private static string Capital(string name) => char.ToUpperInvariant(name[0]) + name[1..];

    private static bool IsIdentifier(string name) => (char.IsLetter(name[0]) || name[0] == '_') && name.All(c => char.IsLetterOrDigit(c) || c == '_');
}
