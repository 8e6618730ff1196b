using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Children;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>Outputs and ends of workflows: that of the run, and those that are built into it as activities.</summary>
internal sealed partial class Interpreter
{

    /// <summary>Sets an output of the nearest workflow around a step that has it.</summary>
    /// <exception cref="ExpressionException">None has it, or the value is of another type.</exception>
    public void SetWorkflowOutput(ActivityExecution execution, string name, JsonNode? value)
    {
        foreach (var around in memory.FromInside(execution).Skip(1))
        {
            if (ActivityOf(around) is WorkflowActivity composite && composite.Outputs.FirstOrDefault(o => Same(o.Name, name)) is { } output)
            {
                SetOutput(around, output, Converted(value, output.ValueType, output.Name));
                return;
            }
        }

        var declared = memory.Definition.Outputs.FirstOrDefault(o => Same(o.Name, name))
            ?? throw new ExpressionException($"The workflow has no output '{name}'. Its outputs: {(memory.Definition.Outputs.Count == 0 ? "none" : string.Join(", ", memory.Definition.Outputs.Select(o => o.Name)))}.");
        memory.Run.Output[declared.Name] = Converted(value, TypeAlias.Find(declared.TypeName, declared.IsArray) ?? typeof(JsonNode), declared.Name);
        memory.TouchHead();
    }

    /// <summary>Completes the workflow that a step is written in: the run, or one that is used as an activity. Inside a handler, the handler.</summary>
    public void CompleteWorkflow(ActivityExecution execution, IReadOnlyList<string> outcomes)
    {
        var end = memory.FromInside(execution).First(e => e.ParentNumber is null || e.Role != HandlerRole.None || (e != execution && ActivityOf(e) is WorkflowActivity));
        Complete(end, outcomes);
    }

    private static JsonNode? Converted(JsonNode? value, Type type, string name)
    {
        var converted = ValueConversion.To(value, type, name);
        return converted is null or JsonNode ? value?.DeepClone() : JsonSerializer.SerializeToNode(converted, type, ValueConversion.Json);
    }

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
