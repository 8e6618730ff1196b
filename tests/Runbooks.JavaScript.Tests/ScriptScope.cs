using System.Text.Json.Nodes;
using Runbooks.Workflows.Expressions;

namespace Runbooks.JavaScript.Tests;

/// <summary>A run as a script sees it, held in plain fields.</summary>
internal sealed class ScriptScope : IExpressionScope
{
    public Dictionary<string, JsonNode?> Values { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, JsonNode?> Outputs { get; } = new(StringComparer.Ordinal);

    /// <summary>Called while the script runs and asks for an output.</summary>
    public Action OnOutput { get; set; } = static () => { };

    public int OutputsAsked { get; private set; }

    public JsonObject Inputs { get; } = new() { ["Vm"] = "vm07", ["disk size"] = 40 };

    public string RunId => "run-1";

    public string? RunName { get; set; }

    public string DefinitionId => "migrate-vm";

    public int DefinitionVersion => 3;

    public string? CorrelationId { get; set; } = "ticket-9";

    public DateTimeOffset Now { get; set; } = new(2026, 1, 31, 10, 0, 0, TimeSpan.Zero);

    public byte Seed { get; set; } = 1;

    public Guid NewGuid() => new([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, Seed]);

    public IReadOnlyDictionary<string, JsonNode?> Variables() => Values;

    public bool TrySetVariable(string idOrName, JsonNode? value)
    {
        if (!Values.ContainsKey(idOrName))
        {
            return false;
        }

        Values[idOrName] = value;
        return true;
    }

    public bool TryGetVariable(string idOrName, out JsonNode? value) => Values.TryGetValue(idOrName, out value);

    public JsonNode? Input(string name) => Inputs[name];

    public JsonNode? OutputFrom(string activityIdOrName, string? output)
    {
        OutputsAsked++;
        OnOutput();
        return Outputs.GetValueOrDefault($"{activityIdOrName}.{output ?? "Result"}");
    }

    public JsonNode? LastResult() => JsonNode.Parse("""{"moved":3}""");
}
