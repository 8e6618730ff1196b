using System.Text.Json.Nodes;
using Runbooks.Workflows.Children;
using Runbooks.Workflows.ControlFlow;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>What expressions of one step see: variables of the containers around it, then those of the workflow.</summary>
internal sealed class ExecutionScope(RunMemory memory, ActivityExecution? at, Func<Guid> newId) : IExpressionScope
{
    /// <summary>The workflow used as an activity that the step is written in; null: the workflow of the run.</summary>
    private readonly ActivityExecution? composite = CompositeAround(memory, at);

    public JsonObject Inputs => composite?.Inputs ?? memory.Run.Input;

    public string RunId => memory.Run.Id.ToString();

    public string DefinitionId => memory.Run.DefinitionId;

    public int DefinitionVersion => memory.Run.DefinitionVersion;

    public DateTimeOffset Now => memory.Now;

    public string? CorrelationId
    {
        get => memory.Run.CorrelationId;
        set
        {
            memory.Run.CorrelationId = value;
            memory.TouchHead();
        }
    }

    public string? RunName
    {
        get => memory.Run.Name;
        set
        {
            memory.Run.Name = value;
            memory.TouchHead();
        }
    }

    public Guid NewGuid() => newId();

    public IReadOnlyDictionary<string, JsonNode?> Variables()
    {
        var found = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var holder in Holders())
        {
            foreach (var (key, value) in holder.Visible)
            {
                _ = found.TryAdd(holder.NameOf(key), value);
            }
        }

        return found;
    }

    public bool TryGetVariable(string idOrName, out JsonNode? value)
    {
        foreach (var holder in Holders())
        {
            if (holder.KeyOf(idOrName) is { } key)
            {
                value = holder.Values[key];
                return true;
            }
        }

        value = null;
        return false;
    }

    public bool TrySetVariable(string idOrName, JsonNode? value)
    {
        foreach (var holder in Holders())
        {
            if (holder.KeyOf(idOrName) is { } key)
            {
                if (holder.IsReadOnly(key))
                {
                    return false;
                }

                holder.Values[key] = value;
                holder.Touch();
                return true;
            }
        }

        return false;
    }

    public JsonNode? Input(string name) => Inputs[name];

    public JsonNode? OutputFrom(string activityIdOrName, string? output) => Newest(activityIdOrName)?.Outputs[output ?? "Result"];

    public JsonNode? LastResult() => memory.LastCompletedFirst.FirstOrDefault(e => e.Outputs.ContainsKey("Result"))?.Outputs["Result"];

    private static ActivityExecution? CompositeAround(RunMemory memory, ActivityExecution? at) => at is null || !memory.Definition.HasComposites
        ? null
        : memory.FromInside(at).Skip(1).FirstOrDefault(e => memory.Definition.ByNodeId[e.NodeId] is WorkflowActivity);

    /// <summary>Ids and names are those of the workflow that the step is written in; another may use the same.</summary>
    private ActivityExecution? Newest(string activityIdOrName) => !memory.Definition.HasComposites
        ? memory.NewestCompleted(activityIdOrName)
        : memory.Definition.NodesOf(composite?.NodeId, activityIdOrName)
            .Select(memory.NewestCompleted)
            .OfType<ActivityExecution>()
            .MaxBy(e => e.CompletionOrder);

    private IEnumerable<Holder> Holders()
    {
        for (var step = at; step is not null; step = memory.ParentOf(step))
        {
            if (step.Variables.Count > 0)
            {
                var current = step;
                var activity = memory.Definition.ByNodeId.GetValueOrDefault(step.NodeId);
                yield return new Holder(step.Variables, activity?.Variables ?? [], () => memory.Touch(current))
                {
                    Side = activity is not WorkflowActivity ? Side.Both : step == at ? Side.Outside : Side.Inside,
                };
            }

            if (step == composite)
            {
                yield break;
            }
        }

        yield return new Holder(memory.Run.Variables, memory.Definition.Variables, memory.TouchHead);
    }

    /// <summary>
    /// Which variables of a workflow used as an activity are seen: inside its own, outside (its inputs and outputs are there)
    /// those of the round of a loop that it is the body of.
    /// </summary>
    private enum Side
    {
        Both,
        Inside,
        Outside,
    }

    /// <summary>One place where variables are kept, by id; a loop's own variables have their name as id.</summary>
    private sealed record Holder(JsonObject Values, IReadOnlyList<VariableDefinition> Declared, Action Touch)
    {
        public Side Side { get; init; }

        public IEnumerable<KeyValuePair<string, JsonNode?>> Visible => Values.Where(v => IsVisible(v.Key));

        public string NameOf(string key) => Declared.FirstOrDefault(v => string.Equals(v.Id, key, StringComparison.Ordinal))?.Name ?? key;

        /// <summary>Where a loop is can't be set from inside: it would lose rounds, or never end.</summary>
        public bool IsReadOnly(string key) => string.Equals(key, LoopVariables.CurrentIndex, StringComparison.Ordinal) && !IsDeclared(key);

        public string? KeyOf(string idOrName)
        {
            if (Values.ContainsKey(idOrName) && IsVisible(idOrName))
            {
                return idOrName;
            }

            return Declared.FirstOrDefault(v => string.Equals(v.Name, idOrName, StringComparison.OrdinalIgnoreCase)) is { } variable && Values.ContainsKey(variable.Id) && IsVisible(variable.Id)
                ? variable.Id
                : null;
        }

        private bool IsVisible(string key) => Side == Side.Both || (Side == Side.Inside) == IsDeclared(key);

        private bool IsDeclared(string key) => Declared.Any(v => string.Equals(v.Id, key, StringComparison.Ordinal));
    }
}
