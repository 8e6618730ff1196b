using System.Text.Json.Nodes;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Definitions;

/// <summary>Whether a run may start while others are open. The stores ask it with the creation of the run; PostgreSQL has the same rule as a function.</summary>
public static class ActivationRule
{
    /// <summary>
    /// True when the open run keeps the new one from starting. Runs without a correlation id have nothing in common under
    /// <see cref="ActivationStrategy.Correlation"/>, and are of one kind under <see cref="ActivationStrategy.CorrelatedSingleton"/>.
    /// A dry run stands in nobody's way, and nobody in its.
    /// </summary>
    public static bool Excludes(Run starting, Run open)
    {
        ArgumentNullException.ThrowIfNull(starting);
        ArgumentNullException.ThrowIfNull(open);
        var isSameRunbook = string.Equals(starting.DefinitionId, open.DefinitionId, StringComparison.Ordinal);
        var isSameCorrelation = string.Equals(starting.CorrelationId, open.CorrelationId, StringComparison.Ordinal);
        return !open.Status.IsEnd() && !open.IsDryRun && !starting.IsDryRun && starting.Activation switch
        {
            ActivationStrategy.Singleton => isSameRunbook,
            ActivationStrategy.Correlation => starting.CorrelationId is not null && isSameCorrelation,
            ActivationStrategy.CorrelatedSingleton => isSameRunbook && isSameCorrelation,
            _ => false,
        };
    }

    /// <summary>Under what name starts that may exclude each other take turns; null: this one excludes nobody.</summary>
    public static string? LockOf(Run starting)
    {
        ArgumentNullException.ThrowIfNull(starting);
        return starting.Activation switch
        {
            ActivationStrategy.Singleton or ActivationStrategy.CorrelatedSingleton => $"start:runbook:{starting.DefinitionId}",
            ActivationStrategy.Correlation when starting.CorrelationId is { } correlation => $"start:correlation:{correlation}",
            _ => null,
        };
    }

    /// <summary>The rule that keeps it from starting, for people.</summary>
    public static string Rule(Run starting)
    {
        ArgumentNullException.ThrowIfNull(starting);
        return starting.Activation switch
        {
            ActivationStrategy.Singleton => $"only one run of runbook '{starting.DefinitionId}' may be open at a time.",
            ActivationStrategy.Correlation => $"only one run with the correlation id '{starting.CorrelationId}' may be open at a time.",
            ActivationStrategy.CorrelatedSingleton => $"only one run of runbook '{starting.DefinitionId}' with the correlation id '{starting.CorrelationId}' may be open at a time.",
            _ => "any number of its runs may be open.",
        };
    }

    public static string WhyNot(Run starting, RunId open) => $"Not started: run {open} is open, and {Rule(starting)}";

    /// <summary>What a parent is told instead of the end of a child that could not start.</summary>
    public static JsonObject Refusal(RunId child, string reason) => new()
    {
        ["workflowInstanceId"] = child.ToString(),
        ["status"] = "Finished",
        ["subStatus"] = nameof(RunStatus.Cancelled),
        ["cannotStart"] = true,
        ["reason"] = reason,
        ["output"] = new JsonObject(),
    };
}
