using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// Control flow of one run: takes work items one at a time until none is left. It does no I/O; effects are only requested
/// here (<see cref="TakeEffectsToStart"/>) and carried out by <see cref="RunExecutor"/> after their intent is committed.
/// </summary>
internal sealed partial class Interpreter(RunMemory memory, RunFactory runs, ILogger logger)
{
    /// <summary>Work items of one burst. A flowchart that cycles without ever touching the world is stopped here.</summary>
    private const int MaxItemsPerBurst = 10_000;

    private readonly Queue<Func<ValueTask>> items = new();
    private readonly List<ActivityExecution> effectsToStart = [];

    public RunMemory Memory => memory;

    public ILogger Logger => logger;

    public bool Finished => memory.Executions.FirstOrDefault(e => e.ParentNumber is null) is { Status: ActivityStatus.Completed };

    /// <summary>Effects whose intent is in memory and must be committed before they start.</summary>
    public IReadOnlyList<ActivityExecution> TakeEffectsToStart()
    {
        var taken = effectsToStart.ToArray();
        effectsToStart.Clear();
        return taken;
    }

    /// <summary>Begins a pending run.</summary>
    public void Start()
    {
        foreach (var variable in memory.Definition.Variables)
        {
            memory.Run.Variables[variable.Id] = variable.Default?.DeepClone();
        }

        memory.SetStatus(RunStatus.Executing, null);
        _ = Schedule(memory.Definition.Root, null);
    }

    /// <summary>Executes work items until none is left. An activity's exception compensates the run.</summary>
    public async ValueTask DrainAsync()
    {
        for (var count = 0; items.TryDequeue(out var item); count++)
        {
            if (count >= MaxItemsPerBurst)
            {
                BeginCompensation($"Stopped after {MaxItemsPerBurst} activities in one go without any effect or wait: the definition loops without an end.", RunStatus.Faulted);
                return;
            }

            await item();
        }
    }

    public ActivityExecution Schedule(Activity activity, ActivityExecution? parent)
    {
        var execution = new ActivityExecution
        {
            Number = memory.Run.NextExecutionNumber++,
            ParentNumber = parent?.Number,
            NodeId = activity.NodeId,
            ActivityId = activity.Id,
            ActivityType = activity.Type,
            ActivityName = activity.Name,
            StartedAt = memory.Now,
        };
        foreach (var variable in activity.Variables)
        {
            execution.Variables[variable.Id] = variable.Default?.DeepClone();
        }

        memory.Add(execution);
        Enqueue(execution, () => BeginAsync(activity, execution));
        return execution;
    }

    public void Complete(ActivityExecution execution, IReadOnlyList<string> outcomes)
    {
        if (execution.Status != ActivityStatus.Running)
        {
            return;
        }

        execution.Status = ActivityStatus.Completed;
        execution.Outcomes = [.. outcomes];
        execution.CompletedAt = memory.Now;
        execution.CompletionOrder = memory.Run.NextCompletionOrder++;
        execution.Progress = null;
        memory.Touch(execution);
        memory.Write(JournalEvents.Completed, execution, null, new JsonObject
        {
            ["outcomes"] = new JsonArray([.. outcomes.Select(o => JsonValue.Create(o))]),
            ["outputs"] = execution.Outputs.DeepClone(),
        });
        CancelChildren(execution);
        if (execution.ParentNumber is { } parentNumber && memory.Run.Status != RunStatus.Compensating)
        {
            var parent = memory.Execution(parentNumber);
            Enqueue(parent, () => ActivityOf(parent).OnChildCompletedAsync(ContextOf(parent), ContextOf(execution)));
        }
    }

    public void FinishRun()
    {
        items.Clear();
        var root = memory.Executions.First(e => e.ParentNumber is null);
        if (root.Status == ActivityStatus.Running)
        {
            Complete(root, ["Done"]);
        }
    }

    public bool HasRunningChildren(ActivityExecution parent) =>
        memory.Executions.Any(e => e.ParentNumber == parent.Number && e.Status == ActivityStatus.Running);

    public void SetOutput(ActivityExecution execution, Output output, JsonNode? value)
    {
        execution.Outputs[output.Name] = value;
        memory.Touch(execution);
        if (output.VariableId is { } variable && !ScopeOf(execution).TrySetVariable(variable, value?.DeepClone()))
        {
            throw new ExpressionException($"Output '{output.Name}' is bound to variable '{variable}', which is not in scope.");
        }
    }

    public ExecutionScope ScopeOf(ActivityExecution? execution) => new(memory, execution);

    public ActivityExecutionContext ContextOf(ActivityExecution execution) => new(this, ActivityOf(execution), execution);

    public Activity ActivityOf(ActivityExecution execution) => memory.Definition.ByNodeId[execution.NodeId];

    public Bookmark CreateBookmark(ActivityExecution execution, DateTimeOffset? dueAt, JsonObject? payload)
    {
        var ordinal = memory.Bookmarks.Count(b => b.ExecutionNumber == execution.Number);
        var bookmark = new Bookmark($"{memory.Run.Id}/{execution.Number}/{ordinal}", execution.Number, execution.ActivityType, dueAt, payload);
        memory.Add(bookmark);
        memory.Write(JournalEvents.Suspended, execution, dueAt is { } due ? $"Waits until {due:O}." : null, payload);
        return bookmark;
    }

    public RunId CreateChildRun(ActivityExecution execution, string definitionId, JsonObject input, string? correlationId, bool wait)
    {
        var bookmarkId = wait ? $"{memory.Run.Id}/{execution.Number}/0" : null;
        var request = new StartRequest(definitionId, input, $"run:{memory.Run.Id}", $"child:{memory.Run.Id}/{execution.Number}", correlationId ?? memory.Run.CorrelationId);
        var (child, problem) = runs.CreateChild(request, memory.Run.Id, bookmarkId);
        if (child is null)
        {
            throw new FaultException(problem!);
        }

        memory.Add(child);
        if (wait)
        {
            _ = CreateBookmark(execution, null, new JsonObject { ["childRunId"] = child.Id.ToString(), ["runbook"] = definitionId });
        }

        return child.Id;
    }

    public void RequestEffect(ActivityExecution execution)
    {
        var mutates = ActivityOf(execution) is MutatingActivity;
        execution.Attempt = 1;
        execution.Effect = mutates ? EffectState.Intended : EffectState.None;
        execution.Worker = memory.Claim.Worker;
        memory.Touch(execution);
        if (mutates)
        {
            memory.Write(JournalEvents.Intent, execution, null, new JsonObject { ["inputs"] = execution.Inputs.DeepClone() });
        }

        effectsToStart.Add(execution);
    }

    /// <summary>Wakes a bookmark. One that is not there was woken before: nothing happens.</summary>
    public void Resume(Bookmark bookmark, JsonNode? input)
    {
        var execution = memory.Execution(bookmark.ExecutionNumber);
        memory.Remove(bookmark);
        memory.Write(JournalEvents.Resumed, execution);
        if (execution.Status != ActivityStatus.Running)
        {
            return;
        }

        if (memory.Run.Status == RunStatus.Compensating)
        {
            // The child that was waited for has ended; what follows it will not be executed any more.
            execution.Status = ActivityStatus.Canceled;
            memory.Touch(execution);
            return;
        }

        if (memory.Run.Status != RunStatus.Executing)
        {
            memory.SetStatus(RunStatus.Executing, null);
        }

        Enqueue(execution, () => ActivityOf(execution).OnResumedAsync(ContextOf(execution), bookmark, input));
    }

    /// <summary>The outcome of an effect comes in.</summary>
    public void Apply(ActivityExecution execution, EffectResult result)
    {
        if (execution.Status != ActivityStatus.Running)
        {
            // A look whose step was cancelled meanwhile; nothing waits for what it saw.
            return;
        }

        memory.Touch(execution);
        execution.Error = null;
        switch (result)
        {
            case EffectResult.Done done:
                ApplyDone(execution, done);
                break;
            case EffectResult.Failed failed:
                execution.Effect = execution.Effect == EffectState.None ? EffectState.None : EffectState.Failed;
                Fault(execution, failed.Reason, RunStatus.Compensated);
                break;
            case EffectResult.Unknown unknown:
                execution.Effect = EffectState.Unknown;
                execution.Error = unknown.Reason;
                memory.Write(JournalEvents.Reconciled, execution, $"Unknown: {unknown.Reason}");
                break;
        }
    }

    private void ApplyDone(ActivityExecution execution, EffectResult.Done done)
    {
        var activity = (EffectActivity)ActivityOf(execution);
        if (activity.Kind is EffectKind.Changes or EffectKind.Irreversible)
        {
            execution.Effect = EffectState.Done;
            execution.Undo = activity.Kind == EffectKind.Changes ? UndoState.Available : UndoState.Irreversible;
        }

        try
        {
            foreach (var output in activity.Outputs)
            {
                if (done.Outputs?.TryGetPropertyValue(output.Name, out var value) == true)
                {
                    SetOutput(execution, output, value?.DeepClone());
                }
            }
        }
        catch (ExpressionException e)
        {
            // The effect has happened and is recorded as such; only its output could not be handed on.
            Complete(execution, [done.Outcome]);
            BeginCompensation($"{activity.DisplayText}: {e.Message}", RunStatus.Faulted);
            return;
        }

        Complete(execution, [done.Outcome]);
    }

    private async ValueTask BeginAsync(Activity activity, ActivityExecution execution)
    {
        memory.Write(JournalEvents.Started, execution);
        var scope = ScopeOf(execution);
        foreach (var input in activity.Inputs.Where(i => i.AutoEvaluate))
        {
            var value = input.Expression is null ? input.Default?.DeepClone() : ExpressionEvaluator.Evaluate(input.Expression, scope);
            _ = ValueConversion.To(value, input.ValueType, JsonNamingPolicy.CamelCase.ConvertName(input.Name));
            execution.Inputs[input.Name] = value;
        }

        await activity.ExecuteAsync(ContextOf(execution));
    }

    /// <summary>Queues work of one step. Work of a step that has ended meanwhile is dropped.</summary>
    private void Enqueue(ActivityExecution execution, Func<ValueTask> work) => items.Enqueue(async () =>
    {
        if (execution.Status != ActivityStatus.Running || memory.Run.Status == RunStatus.Compensating)
        {
            return;
        }

        try
        {
            await work();
        }
        catch (Exception e) when (e is FaultException)
        {
            Fault(execution, e.Message, RunStatus.Compensated);
        }
        catch (Exception e) when (e is ExpressionException or InvalidOperationException or FormatException or JsonException or KeyNotFoundException)
        {
            Fault(execution, e.Message, RunStatus.Faulted);
        }
    });

    /// <summary>Children of a container that has completed early are not waited for; effects in flight are ended by the executor.</summary>
    private void CancelChildren(ActivityExecution parent)
    {
        foreach (var child in memory.Executions.Where(e => e.ParentNumber == parent.Number && e.Status == ActivityStatus.Running).ToArray())
        {
            CancelChildren(child);
            if (child.Effect is EffectState.Intended or EffectState.Unknown)
            {
                continue;
            }

            Cancel(child);
        }
    }

    private void Cancel(ActivityExecution execution)
    {
        execution.Status = ActivityStatus.Canceled;
        execution.CompletedAt = memory.Now;
        memory.Touch(execution);
        memory.Write(JournalEvents.Canceled, execution);
        foreach (var bookmark in memory.Bookmarks.Where(b => b.ExecutionNumber == execution.Number).ToArray())
        {
            memory.Remove(bookmark);
        }
    }
}
