using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Children;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Server.Views;

/// <summary>A runbook that can be started.</summary>
/// <param name="Stages">What it does that can be seen from outside, in the order of the definition.</param>
public sealed record RunbookView(
    string Id,
    int Version,
    string Name,
    string Description,
    IReadOnlyList<RunbookInputView> Inputs,
    IReadOnlyList<RunbookInputView> Outputs,
    IReadOnlyList<RunbookStageView> Stages)
{
    public static RunbookView Of(WorkflowDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return new RunbookView(
            definition.DefinitionId,
            definition.Version,
            definition.Name,
            definition.Description,
            [.. definition.Inputs.Select(RunbookInputView.Of)],
            [.. definition.Outputs.Select(RunbookInputView.Of)],
            [.. definition.ByNodeId.Values.Where(a => a is EffectActivity or ChildWorkflowActivity).Select(RunbookStageView.Of)]);
    }
}

/// <param name="Type">Elsa's alias, such as <c>String</c>, <c>Int32?</c> or <c>String[]</c>.</param>
public sealed record RunbookInputView(string Name, string Type, string DisplayName, string Description, bool Required, JsonNode? Default)
{
    public static RunbookInputView Of(ArgumentDefinition argument)
    {
        ArgumentNullException.ThrowIfNull(argument);
        return new RunbookInputView(
            argument.Name,
            argument.IsArray ? argument.TypeName + "[]" : argument.TypeName,
            argument.DisplayName,
            argument.Description,
            argument.Required,
            argument.Default);
    }
}

public sealed record RunbookStageView(string Activity, string Name, string Type, EffectKind Kind, string? NoUndoReason)
{
    public static RunbookStageView Of(Activity activity)
    {
        ArgumentNullException.ThrowIfNull(activity);
        return new RunbookStageView(activity.Id, activity.DisplayText, activity.Type, activity.Descriptor.Kind, activity.Descriptor.NoUndoReason);
    }
}

/// <summary>All runbooks, and what could not be loaded.</summary>
public sealed record RunbookList(IReadOnlyList<RunbookView> Runbooks, IReadOnlyList<RefusalView> Refused)
{
    public static RunbookList Of(DefinitionCatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new RunbookList(
            [.. catalog.All.Select(RunbookView.Of)],
            [.. catalog.Problems.Select(p => new RefusalView(p.Source, p.ActivityId, p.Message))]);
    }
}

public sealed record RefusalView(string Source, string? Activity, string Message);

/// <summary>An activity type that definitions may use.</summary>
/// <param name="Kind">What it does to the world.</param>
/// <param name="NoUndoReason">For one that can't be undone: why.</param>
public sealed record ActivityView(
    string Type,
    int Version,
    string Category,
    string DisplayName,
    string Description,
    EffectKind Kind,
    bool CanBeUndone,
    string? NoUndoReason,
    IReadOnlyList<RunbookInputView> Inputs,
    IReadOnlyList<RunbookInputView> Outputs,
    IReadOnlyList<string> Outcomes)
{
    public static ActivityView Of(ActivityDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        return new ActivityView(
            descriptor.TypeName,
            descriptor.Version,
            descriptor.Category,
            descriptor.DisplayName,
            descriptor.Description,
            descriptor.Kind,
            descriptor.Kind == EffectKind.Changes,
            descriptor.NoUndoReason,
            [.. descriptor.Inputs.Select(i => new RunbookInputView(i.Name, TypeAlias.Of(i.ValueType), i.DisplayName, i.Description, i.Required, i.Default))],
            [.. descriptor.Outputs.Select(o => new RunbookInputView(o.Name, TypeAlias.Of(o.ValueType), o.Name, o.Description, Required: false, Default: null))],
            descriptor.Outcomes);
    }
}
