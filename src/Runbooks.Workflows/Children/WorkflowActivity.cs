using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Workflows.Children;

/// <summary>
/// A workflow that is used as an activity of another: it runs in the same run, with variables, inputs and outputs of its own,
/// and is left by Done or by what a Complete activity in it says.
/// </summary>
/// <remarks>
/// Which version it is was settled when the outer workflow was published. What is inside sees nothing of the outer workflow
/// but the inputs that it is given.
/// </remarks>
public sealed class WorkflowActivity : Activity
{
    internal WorkflowActivity(WorkflowDefinition workflow) => Workflow = workflow;

    /// <summary>The workflow that is built in.</summary>
    internal WorkflowDefinition Workflow { get; }

    internal Activity? Root { get; set; }

    /// <summary>What the designer and the loader know of a workflow as an activity.</summary>
    public static ActivityDescriptor Describe(WorkflowDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return new ActivityDescriptor(
            TypeNameOf(definition.Name),
            definition.Version,
            definition.Options.ActivityCategory ?? "Workflows",
            definition.Name,
            definition.Description,
            definition.ByNodeId.Values.Select(a => a.Descriptor.Kind).DefaultIfEmpty(EffectKind.Pure).Max(),
            null,
            [.. definition.Inputs.Select(i => new InputDescriptor(i.Name, TypeOf(i), i.DisplayName, i.Description, i.Required && i.Default is null, i.Default, "singleline", null))],
            [.. definition.Outputs.Select(o => new OutputDescriptor(o.Name, TypeOf(o), o.Description))],
            [.. definition.Outcomes.Append("Done").Distinct(StringComparer.Ordinal)],
            [],
            IsTerminal: false,
            IsContainer: false)
        {
            WorkflowDefinitionId = definition.DefinitionId,
        };
    }

    /// <summary>The activity type of a workflow: its name in Pascal case, such as <c>WaitForHost</c> of "Wait for host".</summary>
    public static string TypeNameOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var words = new string([.. name.Select(c => char.IsLetterOrDigit(c) ? c : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return string.Concat(words.Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
    }

    internal static WorkflowActivity Of(WorkflowDefinition definition)
    {
        var descriptor = Describe(definition);
        return new WorkflowActivity(definition)
        {
            Type = descriptor.TypeName,
            Descriptor = descriptor,
            Inputs = [.. descriptor.Inputs.Select(i => new ArgumentInput(i.ValueType) { Name = i.Name, Default = i.Default })],
            Outputs = [.. descriptor.Outputs.Select(o => new ArgumentOutput(o.ValueType) { Name = o.Name })],
        };
    }

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        _ = context.Schedule(Root!);
        return ValueTask.CompletedTask;
    }

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child)
    {
        context.Complete();
        return ValueTask.CompletedTask;
    }

    private static Type TypeOf(ArgumentDefinition argument) => TypeAlias.Find(argument.TypeName, argument.IsArray) ?? typeof(JsonNode);

    private sealed class ArgumentInput(Type type) : Input
    {
        public override Type ValueType => type;
    }

    private sealed class ArgumentOutput(Type type) : Output
    {
        public override Type ValueType => type;
    }
}
