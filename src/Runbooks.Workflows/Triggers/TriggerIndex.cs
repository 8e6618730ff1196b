using Runbooks.Workflows.Definitions;

namespace Runbooks.Workflows.Triggers;

/// <summary>What makes a trigger start a run.</summary>
public abstract record TriggerSource
{
    private TriggerSource()
    {
    }

    /// <summary>An event of this name.</summary>
    public sealed record OnEvent(string Name) : TriggerSource;

    /// <summary>Time.</summary>
    public sealed record OnTime(TriggerTiming Timing) : TriggerSource;
}

/// <summary>An activity of a live definition that starts runs.</summary>
/// <param name="DefinitionId">The runbook.</param>
/// <param name="NodeId">The activity in it.</param>
/// <param name="Source">What makes it start one.</param>
/// <param name="Misfire">What happens to planned times that were missed.</param>
/// <param name="WhenBusy">What happens to a planned time at which no run may start.</param>
public sealed record Trigger(string DefinitionId, string NodeId, TriggerSource Source, MisfirePolicy Misfire, WhenBusy WhenBusy)
{
    /// <summary>One run for each planned time, or event, however many servers see it.</summary>
    public string KeyFor(string occasion) => $"trigger:{DefinitionId}:{NodeId}:{occasion}";
}

/// <summary>The triggers of the definitions that are live.</summary>
public sealed class TriggerIndex
{
    private readonly ILookup<string, Trigger> byEvent;

    private TriggerIndex(IReadOnlyList<Trigger> all)
    {
        All = all;
        byEvent = all.Where(t => t.Source is TriggerSource.OnEvent).ToLookup(t => ((TriggerSource.OnEvent)t.Source).Name, StringComparer.Ordinal);
    }

    public static TriggerIndex Empty { get; } = new([]);

    public IReadOnlyList<Trigger> All { get; }

    public static TriggerIndex Of(IEnumerable<WorkflowDefinition> definitions)
    {
        ArgumentNullException.ThrowIfNull(definitions);
        return new TriggerIndex([
            .. from definition in definitions
               from activity in definition.ByNodeId.Values.OfType<TriggerActivity>()
               where activity.StartsRuns
               orderby definition.DefinitionId, activity.NodeId
               select new Trigger(definition.DefinitionId, activity.NodeId, activity.Source(), activity.Misfire, activity.WhenBusy)]);
    }

    public IEnumerable<Trigger> OfEvent(string name) => byEvent[name];
}
