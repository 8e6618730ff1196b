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

    /// <summary>The name that people gave the run; null when it has none.</summary>
    /// <exception cref="ExpressionException">On setting: runs of this kind can't be named.</exception>
    string? RunName
    {
        get => null;
        set => throw new ExpressionException($"The run can't be given a name ('{value}').");
    }

    string DefinitionId { get; }

    int DefinitionVersion { get; }

    /// <summary>Names one version of one definition.</summary>
    string DefinitionVersionId => $"{DefinitionId}:{DefinitionVersion}";

    string? CorrelationId { get; set; }

    /// <summary>The time that scripts see. It stands still while a script runs.</summary>
    DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>A new id; also what scripts get their chance from.</summary>
    Guid NewGuid() => Guid.NewGuid();
}
