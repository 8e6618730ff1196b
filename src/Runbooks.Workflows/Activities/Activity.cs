using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Activities;

/// <summary>
/// An activity of a definition. One object stands for one node and is shared by all its executions: it holds what the
/// definition says, never what happens in a run. What an execution must remember goes into
/// <see cref="ActivityExecutionContext.State"/>, which is journaled.
/// </summary>
/// <remarks>
/// Code here is control flow: it must be quick and depend on nothing but the context, because it is executed again after a
/// crash from the last commit. What touches the world derives from <see cref="EffectActivity"/>.
/// </remarks>
public abstract class Activity
{
    public string Id { get; internal set; } = "";

    public string Name { get; internal set; } = "";

    public string Type { get; internal set; } = "";

    /// <summary>Path of ids from the workflow down, joined by colons.</summary>
    public string NodeId { get; internal set; } = "";

    /// <summary>What the designer shows; falls back to the name.</summary>
    public string DisplayText { get; internal set; } = "";

    public ActivityDescriptor Descriptor { get; internal set; } = ActivityDescriptor.Unregistered;

    public IReadOnlyList<Input> Inputs { get; internal set; } = [];

    public IReadOnlyList<Output> Outputs { get; internal set; } = [];

    /// <summary>Variables that this container declares.</summary>
    public IReadOnlyList<VariableDefinition> Variables { get; internal set; } = [];

    /// <summary>Whether a run may begin with this activity (<c>customProperties.canStartWorkflow</c>).</summary>
    public bool CanStartWorkflow { get; internal set; }

    /// <summary>When it runs in a flowchart in token mode (<c>customProperties.mergeMode</c>).</summary>
    public ControlFlow.MergeMode MergeMode { get; internal set; }

    /// <summary>The outcomes by which this activity can be left; null: any, because they are computed.</summary>
    public virtual IReadOnlyList<string>? LeavesBy => Descriptor.Outcomes;

    /// <summary>All activities directly inside this one, whatever the port.</summary>
    public IReadOnlyList<Activity> Children { get; internal set; } = [];

    /// <summary>Starts the activity. It ends with <see cref="ActivityExecutionContext.Complete"/>, now or after a child or bookmark.</summary>
    protected internal abstract ValueTask ExecuteAsync(ActivityExecutionContext context);

    /// <summary>A child that this activity scheduled has completed.</summary>
    protected internal virtual ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child) =>
        ValueTask.CompletedTask;

    /// <summary>A bookmark that this activity set was resumed; it has been removed.</summary>
    protected internal virtual ValueTask OnResumedAsync(ActivityExecutionContext context, Bookmark bookmark, System.Text.Json.Nodes.JsonNode? input) =>
        ValueTask.CompletedTask;

    /// <summary>What this activity had undone or confirmed is.</summary>
    protected internal virtual ValueTask OnPassEndedAsync(ActivityExecutionContext context) => ValueTask.CompletedTask;
}

/// <summary>An activity that does one thing and is done: it completes by itself when <see cref="RunAsync"/> returns.</summary>
public abstract class CodeActivity : Activity
{
    protected abstract ValueTask RunAsync(ActivityExecutionContext context);

    protected internal sealed override async ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        await RunAsync(context);
        if (context.Execution.Status == ActivityStatus.Running)
        {
            context.Complete();
        }
    }
}

/// <summary>An activity with a list of children.</summary>
public interface IContainer
{
    IReadOnlyList<Activity> Activities { get; set; }

    /// <summary>The field of the definition that holds them.</summary>
    string Field => "activities";
}

/// <summary>A container in which a person may go back to an earlier step.</summary>
internal interface IRewindable
{
    /// <summary>Ids of the activities that can follow an activity of this container, itself included.</summary>
    IReadOnlySet<string> Following(Activity child);

    /// <summary>Forgets that the child and what followed it were ever executed. The child is scheduled by the caller.</summary>
    void Rewind(ActivityExecutionContext context, Activity child);
}

/// <summary>Stops the run with a message that a person wrote or can act on; the run compensates.</summary>
public sealed class FaultException(string message) : Exception(message);
