using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.Definitions;

/// <summary>A variable that a workflow or a container declares.</summary>
public sealed record VariableDefinition(string Id, string Name, string TypeName, bool IsArray, JsonNode? Default)
{
    public VariableDriver Driver { get; init; }
}

/// <summary>How long the value of a variable is kept.</summary>
public enum VariableDriver
{
    /// <summary>As long as the run (Elsa: workflow instance). What is not said is this.</summary>
    Run,

    /// <summary>Until the run waits, ends or changes hands (Elsa: memory); then it has its default again.</summary>
    Memory,
}

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

    /// <summary>The outcomes by which it can be left when it is used as an activity; besides Done.</summary>
    public IReadOnlyList<string> Outcomes { get; init; } = [];

    /// <summary>The workflows that are used in it as activities, itself built in; with the versions that were taken.</summary>
    public IReadOnlyList<WorkflowReference> Uses { get; init; } = [];

    /// <summary>Whether other workflows are built into it.</summary>
    public bool HasComposites { get; } = ByNodeId.Values.Any(a => a is Children.WorkflowActivity);

    /// <summary>Node ids of the activities with this id or name that are written in one workflow: that of the run (null), or one built in at a node.</summary>
    internal IEnumerable<string> NodesOf(string? compositeNodeId, string idOrName) =>
        nodesByName.Value[(compositeNodeId, idOrName)];

    private readonly Lazy<ILookup<(string? Composite, string Name), string>> nodesByName = new(() =>
    {
        var composites = ByNodeId.Values.Where(a => a is Children.WorkflowActivity).OrderByDescending(a => a.NodeId.Length).Select(a => a.NodeId).ToArray();
        return ByNodeId.Values
            .SelectMany(a => new[] { a.Id, a.Name }.Distinct(StringComparer.Ordinal).Select(name => (Name: name, a.NodeId)))
            .ToLookup(n => (Array.Find(composites, c => n.NodeId.StartsWith(c + ":", StringComparison.Ordinal)), n.Name), n => n.NodeId);
    });

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

    /// <summary>Whether other workflows may use it as an activity.</summary>
    public bool UsableAsActivity { get; init; }

    /// <summary>The group of the designer's toolbox for it as an activity; null: Workflows.</summary>
    public string? ActivityCategory { get; init; }

    /// <summary>How the flowcharts of this workflow decide (<c>customProperties["Flowchart:ExecutionMode"]</c>).</summary>
    public ControlFlow.FlowMode FlowMode { get; init; }
}

/// <summary>Names a workflow that is used as an activity.</summary>
/// <param name="DefinitionId">The workflow.</param>
/// <param name="Version">The version; null: the latest when the definition is published.</param>
public sealed record WorkflowReference(string DefinitionId, int? Version)
{
    /// <summary>As it stands in a definition, such as <c>wait-for-host:3</c>.</summary>
    public override string ToString() => Version is null ? DefinitionId : $"{DefinitionId}:{Version}";
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
