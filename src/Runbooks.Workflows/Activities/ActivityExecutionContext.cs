using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Expressions;
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

    public DateTimeOffset Now => interpreter.Memory.Now;

    public ILogger Logger => interpreter.Logger;

    public bool HasRunningChildren => interpreter.HasRunningChildren(Execution);

    /// <summary>The value of an input.</summary>
    /// <exception cref="ExpressionException">The value does not fit the input's type.</exception>
    public T? Get<T>(Input<T> input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return ValueConversion.To<T>(Execution.Inputs[input.Name], input.Name);
    }

    /// <summary>Sets an output, and the variable that it is bound to.</summary>
    public void Set<T>(Output<T> output, T? value)
    {
        ArgumentNullException.ThrowIfNull(output);
        interpreter.SetOutput(Execution, output, value is JsonNode node ? node.DeepClone() : JsonSerializer.SerializeToNode(value, ValueConversion.Json));
    }

    /// <summary>Schedules a child of this activity; its end comes back through <see cref="Activity.OnChildCompletedAsync"/>.</summary>
    public ActivityExecution Schedule(Activity child) => interpreter.Schedule(child, Execution);

    /// <summary>Ends this execution with the outcomes by which it is left.</summary>
    public void Complete(params IReadOnlyList<string> outcomes)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        interpreter.Complete(Execution, outcomes.Count == 0 ? ["Done"] : outcomes);
    }

    /// <summary>Ends the run: nothing else of it is executed.</summary>
    public void FinishRun() => interpreter.FinishRun();

    /// <summary>Waits until <paramref name="dueAt"/>, or, when null, until somebody resumes the bookmark.</summary>
    public Bookmark CreateBookmark(DateTimeOffset? dueAt, JsonObject? payload = null) => interpreter.CreateBookmark(Execution, dueAt, payload);

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

    internal void RequestEffect() => interpreter.RequestEffect(Execution);
}
