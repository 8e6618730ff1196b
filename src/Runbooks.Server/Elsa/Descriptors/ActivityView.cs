using System.Text.Json.Nodes;

namespace Runbooks.Server.Elsa.Descriptors;

/// <summary>An activity type as Studio wants to know it. Studio is strict: every field is there, dictionaries are never null.</summary>
internal sealed record ActivityView(
    string TypeName,
    string Namespace,
    string Name,
    int Version,
    string Category,
    string DisplayName,
    string Description,
    string Kind,
    IReadOnlyList<InputView> Inputs,
    IReadOnlyList<OutputView> Outputs,
    IReadOnlyList<PortView> Ports,
    bool IsBrowsable,
    bool IsContainer,
    bool IsStart,
    bool IsTerminal,
    IReadOnlyDictionary<string, string> CustomProperties)
{
    public string? TenantId => null;

    public string ClrType => TypeName;

    public bool RunAsynchronously => false;

    public IReadOnlyDictionary<string, string> ConstructionProperties { get; } = new Dictionary<string, string>();
}

/// <summary>An input of an activity type.</summary>
/// <param name="IsWrapped">False when its value stands in the definition without an expression around it.</param>
/// <param name="UiSpecifications">What the editor that <paramref name="UiHint"/> names needs to know; keyed by the hint.</param>
internal sealed record InputView(
    string Name,
    string TypeName,
    string DisplayName,
    string Description,
    double Order,
    string UiHint,
    string? Category,
    JsonNode? DefaultValue,
    string DefaultSyntax,
    bool IsWrapped,
    JsonObject? UiSpecifications)
{
    public bool IsBrowsable => true;

    public bool IsSerializable => true;

    public bool IsSynthetic => false;

    public bool IsReadOnly => false;

    public bool IsSensitive => false;

    public string? StorageDriverType => null;

    public bool AutoEvaluate => true;

    public string? EvaluatorType => null;
}

internal sealed record OutputView(string Name, string TypeName, string DisplayName, string Description, double Order)
{
    public bool IsBrowsable => true;

    public bool IsSerializable => true;

    public bool IsSynthetic => false;
}

/// <param name="Type"><c>Flow</c>: an outcome, a handle of the node. <c>Embedded</c>: a place for an activity within it.</param>
internal sealed record PortView(string Name, string DisplayName, string Type)
{
    public bool IsBrowsable => true;
}
