using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Activities;

/// <summary>One execution of one activity, as its code sees it.</summary>
public sealed class ActivityExecutionContext
{
    private readonly Interpreter interpreter;

    internal ActivityExecutionContext(Interpreter interpreter, Activity activity, ActivityExecution execution)
    {
        this.interpreter = interpreter;
        Activity = activity;
        Execution = execution;
    }

    public Activity Activity { get; }

    public ActivityExecution Execution { get; }

    /// <summary>What the activity remembers between its wake-ups; journaled with the step.</summary>
    public JsonObject State
    {
        get
        {
            interpreter.Memory.Touch(Execution);
            return Execution.State;
        }
    }

    public string RunId => interpreter.Memory.Run.Id.ToString();

    public string RunbookId => interpreter.Memory.Run.DefinitionId;

    /// <summary>The present by the worker's clock.</summary>
    public DateTimeOffset Now => interpreter.Memory.Now;

    /// <summary>The present by the store's clock, by which bookmarks come due: what a due time is counted from.</summary>
    public DateTimeOffset StoreNow => interpreter.Memory.StoreNow;

    public ILogger Logger => interpreter.Logger;

    public string? CorrelationId
    {
        get => interpreter.Memory.Run.CorrelationId;
        set
        {
            interpreter.Memory.Run.CorrelationId = value;
            interpreter.Memory.TouchHead();
        }
    }

    /// <summary>What the workflow calls this run; null: the name of its runbook.</summary>
    public string? RunName
    {
        get => interpreter.Memory.Run.Name;
        set
        {
            interpreter.Memory.Run.Name = value;
            interpreter.Memory.TouchHead();
        }
    }

    /// <summary>True while children run, have faulted and wait for a person, or have completed without this one being told yet: then a container must not complete.</summary>
    public bool HasOpenChildren => interpreter.HasOpenChildren(Execution);

    /// <summary>Children that have not ended, in the order in which they were scheduled.</summary>
    public IReadOnlyList<ActivityExecutionContext> RunningChildren => [.. interpreter.Memory.RunningChildren(Execution).Select(interpreter.ContextOf)];

    /// <summary>The step that scheduled this one; null for the root.</summary>
    public ActivityExecutionContext? Parent => interpreter.Memory.ParentOf(Execution) is { } parent ? interpreter.ContextOf(parent) : null;

    /// <summary>The value of an input.</summary>
    /// <exception cref="ExpressionException">The value does not fit the input's type.</exception>
    public T? Get<T>(Input<T> input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return ValueConversion.To<T>(Execution.Inputs.TryGetPropertyValue(input.Name, out var value) ? value : input.Default, input.Name);
    }

    /// <summary>Sets an output, and the variable that it is bound to.</summary>
    public void Set<T>(Output<T> output, T? value)
    {
        ArgumentNullException.ThrowIfNull(output);
        interpreter.SetOutput(Execution, output, value is JsonNode node ? node.DeepClone() : JsonSerializer.SerializeToNode(value, ValueConversion.Json));
    }

    /// <summary>The value of an input now, for one that is not evaluated once and for all (<see cref="Input.AutoEvaluate"/>).</summary>
    public T? Evaluate<T>(Input<T> input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return ValueConversion.To<T>(interpreter.Evaluate(input, Execution), input.Name);
    }

    /// <summary>Schedules a child of this activity; its end comes back through <see cref="Activity.OnChildCompletedAsync"/>.</summary>
    /// <param name="child">The activity.</param>
    /// <param name="variables">Variables of this execution alone, such as the item of a loop: seen by the child and what is inside it.</param>
    public ActivityExecution Schedule(Activity child, IReadOnlyDictionary<string, JsonNode?>? variables = null) =>
        interpreter.Schedule(child, Execution, variables: variables);

    /// <summary>
    /// Cancels a child and everything in it. What only waits ends at once; an effect in flight is asked to end and settles by
    /// itself, without anything following it.
    /// </summary>
    public void Cancel(ActivityExecutionContext child)
    {
        ArgumentNullException.ThrowIfNull(child);
        interpreter.CancelBranch(child.Execution);
    }

    /// <summary>Ends this execution with the outcomes by which it is left.</summary>
    public void Complete(params IReadOnlyList<string> outcomes)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        interpreter.Complete(Execution, outcomes.Count == 0 ? ["Done"] : outcomes);
    }

    /// <summary>Ends the run: nothing else of it is executed.</summary>
    public void FinishRun() => interpreter.FinishRun();

    /// <summary>Waits until <paramref name="dueAt"/>, or, when null, until somebody resumes the bookmark.</summary>
    /// <param name="dueAt">When time wakes it; null: only a stimulus does.</param>
    /// <param name="payload">What the activity needs when it is woken; shown to people.</param>
    /// <param name="key">The stimulus that wakes it, such as <c>event:host-repaired</c>.</param>
    /// <param name="correlationId">With a key: only a stimulus with this correlation id, or with none, wakes it.</param>
    public Bookmark CreateBookmark(DateTimeOffset? dueAt, JsonObject? payload = null, string? key = null, string? correlationId = null) =>
        interpreter.CreateBookmark(Execution, dueAt, payload, key, correlationId);

    /// <summary>The id of the bookmark that this step will create next.</summary>
    internal string NextBookmarkId => interpreter.NextBookmarkId(Execution);

    /// <summary>What started the run, when it was this activity and it is executed for the first time.</summary>
    internal RunTrigger? StartedBy(Activity activity) =>
        Memory.Run.Trigger is { } trigger && string.Equals(trigger.NodeId, activity.NodeId, StringComparison.Ordinal)
        && !Memory.Executions.Any(e => e.Number < Execution.Number && string.Equals(e.NodeId, activity.NodeId, StringComparison.Ordinal))
            ? trigger
            : null;

    /// <summary>Of the activities of a container the one at which the run starts, or that it starts in; null when it has started.</summary>
    internal Activity? ChildToStartAt(IEnumerable<Activity> activities) =>
        Memory.Run.Trigger is { } trigger && !Memory.Executions.Any(e => string.Equals(e.NodeId, trigger.NodeId, StringComparison.Ordinal))
            ? activities.FirstOrDefault(a => string.Equals(a.NodeId, trigger.NodeId, StringComparison.Ordinal) || trigger.NodeId.StartsWith(a.NodeId + ":", StringComparison.Ordinal))
            : null;

    /// <summary>A message to the world; it goes out with the commit that records this step, at least once.</summary>
    internal void Send(OutgoingMessage message)
    {
        if (IsDryRun)
        {
            Memory.Write(JournalEvents.NotDone, Execution, $"Would send a message of the kind '{message.Type}'.", message.Body);
            return;
        }

        Memory.Send(message);
    }

    /// <summary>The run changes nothing outside of itself.</summary>
    public bool IsDryRun => Memory.IsDryRun;

    /// <summary>Undoes or confirms what is inside a step; its end comes back through <see cref="Activity.OnPassEndedAsync"/>.</summary>
    internal void BeginPass(ActivityExecution scope, bool includesScope, PassMode mode) => interpreter.BeginPass(scope, includesScope, mode, Execution);

    /// <summary>Fails as if by an exception, after the fact: for a scope whose inside is undone.</summary>
    internal void Fault(string message, RunStatus leadsTo) => interpreter.Fault(Execution, message, leadsTo);

    internal RunMemory Memory => interpreter.Memory;

    /// <summary>Declares a variable for this activity's children, or gives it a new value.</summary>
    public void DeclareVariable(string name, JsonNode? value)
    {
        Execution.Variables[name] = value;
        interpreter.Memory.Touch(Execution);
    }

    public bool TrySetVariable(string idOrName, JsonNode? value) => interpreter.ScopeOf(Execution).TrySetVariable(idOrName, value);

    public void WriteJournal(string @event, string message) => interpreter.Memory.Write(@event, Execution, message);

    internal RunId CreateChildRun(string definitionId, JsonObject input, string? correlationId, bool wait) =>
        interpreter.CreateChildRun(Execution, definitionId, input, correlationId, wait);

    /// <summary>What expressions of this step see.</summary>
    internal IExpressionScope Scope => interpreter.ScopeOf(Execution);

    /// <summary>Activities of the children that run, have faulted and wait for a person, or have completed without this one being told yet.</summary>
    internal IEnumerable<Activity> OpenChildActivities => interpreter.OpenChildren(Execution).Select(interpreter.ActivityOf);

    /// <summary>Gives up the children of these activities: cancels them, or ignores how they have just completed. Faulted ones are left to the person.</summary>
    /// <returns>The activity of each child that was given up.</returns>
    internal IReadOnlyList<Activity> Abandon(IReadOnlySet<Activity> activities)
    {
        var children = interpreter.OpenChildren(Execution).Where(e => e.Status != Runs.ActivityStatus.Faulted && activities.Contains(interpreter.ActivityOf(e))).ToArray();
        foreach (var child in children)
        {
            interpreter.Abandon(child);
        }

        return [.. children.Select(interpreter.ActivityOf)];
    }

    /// <summary>Gives an output of the nearest workflow around the step that has it a value.</summary>
    internal void SetWorkflowOutput(string name, JsonNode? value) => interpreter.SetWorkflowOutput(Execution, name, value);

    /// <summary>Completes the workflow that the step is written in: the run, or a workflow that is used as an activity.</summary>
    internal void CompleteWorkflow(IReadOnlyList<string> outcomes) => interpreter.CompleteWorkflow(Execution, outcomes.Count == 0 ? ["Done"] : outcomes);

    internal void RequestEffect() => interpreter.RequestEffect(Execution);
}
