using System.Text.Json.Nodes;
using Runbooks.Workflows.ControlFlow;

namespace Runbooks.Workflows.Definitions;

/// <summary>Reads settings that change how a run behaves. What this engine does not have is refused.</summary>
internal static class OptionReader
{
    private const string ExecutionMode = "Flowchart:ExecutionMode";

    private static readonly Dictionary<string, ActivationStrategy> ActivationStrategies = new(StringComparer.Ordinal)
    {
        ["AllowAlwaysStrategy"] = ActivationStrategy.Always,
        ["SingletonStrategy"] = ActivationStrategy.Singleton,
        ["CorrelationStrategy"] = ActivationStrategy.Correlation,
        ["CorrelatedSingletonStrategy"] = ActivationStrategy.CorrelatedSingleton,
    };

    private static readonly Dictionary<string, IncidentStrategy> IncidentStrategies = new(StringComparer.Ordinal)
    {
        ["FaultStrategy"] = IncidentStrategy.Fault,
        ["ContinueWithIncidentsStrategy"] = IncidentStrategy.ContinueWithIncidents,
    };

    public static WorkflowOptions Read(JsonObject top, ProblemList problems)
    {
        var options = top["options"] as JsonObject ?? [];
        return new WorkflowOptions
        {
            Activation = Strategy(options, "activationStrategyType", problems, ActivationStrategies, ActivationStrategy.Always),
            Incidents = Strategy(options, "incidentStrategyType", problems, IncidentStrategies, IncidentStrategy.Fault),
            UsableAsActivity = DefinitionJson.Flag(options, "usableAsActivity") || DefinitionJson.Flag(top, "usableAsActivity"),
            ActivityCategory = DefinitionJson.Text(options, "activityCategory") is { Length: > 0 } category ? category : null,
            FlowMode = Mode(top, problems),
        };
    }

    /// <summary>Elsa names strategies by their type: short, or with namespace and assembly.</summary>
    private static T Strategy<T>(JsonObject options, string field, ProblemList problems, IReadOnlyDictionary<string, T> known, T fallback)
    {
        if (DefinitionJson.Text(options, field) is not { Length: > 0 } name)
        {
            return fallback;
        }

        var type = name.Split(',')[0].Split('.')[^1].Trim();
        if (known.TryGetValue(type, out var found))
        {
            return found;
        }

        problems.Add(null, $"Option '{field}' is '{name}'. Known: {string.Join(", ", known.Keys)}.");
        return fallback;
    }

    private static FlowMode Mode(JsonObject top, ProblemList problems)
    {
        var mode = DefinitionJson.Text(top["customProperties"], ExecutionMode);
        switch (mode)
        {
            case null or "" or "Default" or nameof(FlowMode.CounterBased):
                return FlowMode.CounterBased;
            case nameof(FlowMode.TokenBased):
                return FlowMode.TokenBased;
            default:
                problems.Add(null, $"'{ExecutionMode}' is '{mode}'. Known: CounterBased (the default) and TokenBased.");
                return FlowMode.CounterBased;
        }
    }
}
