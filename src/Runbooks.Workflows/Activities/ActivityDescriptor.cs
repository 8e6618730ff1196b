using System.Text.Json.Nodes;

namespace Runbooks.Workflows.Activities;

/// <summary>What the designer and the loader know of an activity type.</summary>
public sealed record ActivityDescriptor(
    string TypeName,
    int Version,
    string Category,
    string DisplayName,
    string Description,
    EffectKind Kind,
    string? NoUndoReason,
    IReadOnlyList<InputDescriptor> Inputs,
    IReadOnlyList<OutputDescriptor> Outputs,
    IReadOnlyList<string> Outcomes,
    IReadOnlyList<string> EmbeddedPorts,
    bool IsTerminal,
    bool IsContainer)
{
    /// <summary>Inputs whose value stands in the definition as it is, without an expression around it (Elsa: not wrapped).</summary>
    public IReadOnlyList<InputDescriptor> RawInputs { get; init; } = [];

    /// <summary>Whether it can start runs.</summary>
    public bool IsTrigger { get; init; }

    /// <summary>The workflow that is used as this activity; null for an activity of the program.</summary>
    public string? WorkflowDefinitionId { get; init; }

    public static ActivityDescriptor Unregistered { get; } = new("", 0, "", "", "", EffectKind.Pure, null, [], [], ["Done"], [], false, false);
}

/// <summary>An input of an activity type.</summary>
public sealed record InputDescriptor(string Name, Type ValueType, string DisplayName, string Description, bool Required, JsonNode? Default, string UiHint, string? Category)
{
    /// <summary>The list of what can be chosen; see <see cref="InputAttribute.Choices"/>.</summary>
    public string? Choices { get; init; }
}

/// <summary>An output of an activity type.</summary>
public sealed record OutputDescriptor(string Name, Type ValueType, string Description);
