using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Expressions;

/// <summary>What an expression can see of its run.</summary>
public interface IExpressionScope
{
    /// <summary>Variables by name, the innermost scope winning.</summary>
    IReadOnlyDictionary<string, JsonNode?> Variables();

    /// <summary>Sets a variable by id or name. False when there is none.</summary>
    bool TrySetVariable(string idOrName, JsonNode? value);

    bool TryGetVariable(string idOrName, out JsonNode? value);

    JsonNode? Input(string name);

    JsonObject Inputs { get; }

    /// <summary>The last output of the activity with that id or name; of the output called Result when no name is given.</summary>
    JsonNode? OutputFrom(string activityIdOrName, string? output);

    /// <summary>The Result of the activity that completed last.</summary>
    JsonNode? LastResult();

    string RunId { get; }

    string DefinitionId { get; }

    int DefinitionVersion { get; }

    string? CorrelationId { get; set; }
}
