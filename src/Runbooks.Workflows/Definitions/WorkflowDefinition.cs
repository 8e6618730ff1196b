using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.Definitions;

/// <summary>A variable that a workflow or a container declares.</summary>
public sealed record VariableDefinition(string Id, string Name, string TypeName, bool IsArray, JsonNode? Default);

/// <summary>An input or output of a workflow.</summary>
/// <param name="Name">Its name.</param>
/// <param name="TypeName">Elsa's alias, such as <c>String</c> or <c>Int32</c>.</param>
/// <param name="IsArray">A list of that type.</param>
/// <param name="DisplayName">For people.</param>
/// <param name="Description">For people.</param>
/// <param name="Required">A run without it is refused (<c>customProperties["runbooks:requiredInputs"]</c> of the definition).</param>
/// <param name="Default">The value when a run gives none (<c>customProperties["runbooks:inputDefaults"]</c>).</param>
public sealed record ArgumentDefinition(string Name, string TypeName, bool IsArray, string DisplayName, string Description, bool Required, JsonNode? Default);

/// <summary>A definition that was loaded and can run: every activity, expression and connection in it was checked.</summary>
public sealed record WorkflowDefinition(
    string DefinitionId,
    int Version,
    string Name,
    string Description,
    IReadOnlyList<ArgumentDefinition> Inputs,
    IReadOnlyList<ArgumentDefinition> Outputs,
    IReadOnlyList<VariableDefinition> Variables,
    Activity Root,
    IReadOnlyDictionary<string, Activity> ByNodeId,
    string Json)
{
    public WorkflowOptions Options { get; init; } = new();

    /// <summary>Whether anything has to be confirmed when a run finishes.</summary>
    public bool HasConfirmations { get; } = ByNodeId.Values.Any(a => a is Compensation.CompensableActivity { ConfirmationHandler: not null });
}

/// <summary>What happens when an activity faults.</summary>
public enum IncidentStrategy
{
    /// <summary>The run fails, and what it has done is undone (Elsa: FaultStrategy, which stops there).</summary>
    Fault,

    /// <summary>The path stops; other paths go on, and a person retries or skips the step.</summary>
    ContinueWithIncidents,
}

/// <summary>Whether a run may start while others of its kind are open.</summary>
public enum ActivationStrategy
{
    /// <summary>Always (Elsa: AllowAlwaysStrategy).</summary>
    Always,

    /// <summary>Not while another run of the same runbook is open.</summary>
    Singleton,

    /// <summary>Not while another run of any runbook with the same correlation id is open.</summary>
    Correlation,

    /// <summary>Not while another run of the same runbook with the same correlation id is open.</summary>
    CorrelatedSingleton,
}

/// <summary>The <c>options</c> of a definition.</summary>
public sealed record WorkflowOptions
{
    public ActivationStrategy Activation { get; init; }

    public IncidentStrategy Incidents { get; init; }
}

/// <summary>Something in a definition that keeps it from running.</summary>
/// <param name="Source">The file, or who sent it.</param>
/// <param name="ActivityId">The activity; null when it is about the whole.</param>
/// <param name="Message">What is wrong, what was found, what to do.</param>
public sealed record DefinitionProblem(string Source, string? ActivityId, string Message)
{
    public override string ToString() => ActivityId is null ? $"{Source}: {Message}" : $"{Source}: activity '{ActivityId}': {Message}";
}

/// <summary>A definition, or everything that is wrong with it.</summary>
public sealed record DefinitionReading(WorkflowDefinition? Definition, IReadOnlyList<DefinitionProblem> Problems);
