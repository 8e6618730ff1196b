using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Compensation;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// Control flow of one run: takes work items one at a time until none is left. It does no I/O; effects and undos are only
/// requested here, and carried out by <see cref="Burst"/> after their intent is committed.
/// </summary>
internal sealed partial class Interpreter(RunMemory memory, RunFactory runs, ILogger logger)
{
    /// <summary>Work items of one burst between two effects or waits. A definition that cycles without ever touching the world is stopped here.</summary>
    private const int MaxItemsPerBurst = 100_000;

    private readonly Queue<Func<ValueTask>> items = new();
    private int itemsSinceEffect;

    public RunMemory Memory => memory;

    public ILogger Logger => logger;

    /// <summary>The root has completed and nothing of the run is left to settle, confirm or undo.</summary>
    public bool Finished => memory.Root is { Status: ActivityStatus.Completed } && memory.Run.Passes.Count == 0 && memory.Running.Count == 0;

    /// <summary>The run goes back: it failed, was cancelled, or is undone after it had finished.</summary>
    public bool IsCompensating => memory.Run.CompensatesTo is not null && !memory.Run.Status.IsEnd();

    /// <summary>Begins a pending run.</summary>
    public void Start()
    {
        foreach (var variable in memory.Definition.Variables)
        {
            memory.Run.Variables[variable.Id] = variable.Default?.DeepClone();
        }

        memory.SetStatus(RunStatus.Executing, null);
        if (memory.IsDryRun)
        {
            memory.Write(JournalEvents.DryRun, null, "Nothing is changed: what looks at the world looks, and what would change it is left out.");
        }

        _ = Schedule(memory.Definition.Root, null);
    }

    /// <summary>Executes work items, and goes on with what is being undone, until nothing is left to do here. An activity's exception is its fault.</summary>
    public async ValueTask DrainAsync()
    {
        do
        {
            while (items.TryDequeue(out var item))
            {
                if (++itemsSinceEffect > MaxItemsPerBurst && !IsCompensating)
                {
                    BeginCompensation($"Stopped after {MaxItemsPerBurst} activities in one go without any effect or wait: the definition loops without an end.", RunStatus.Faulted);
                    itemsSinceEffect = 0;
                    break;
                }

                await item();
            }
        }
        while (AdvancePasses() || items.Count > 0);
    }

    /// <summary>Schedules an activity as a child of a step. Variables are declared for it and what is inside it.</summary>
    public ActivityExecution Schedule(Activity activity, ActivityExecution? parent, HandlerRole role = HandlerRole.None, IReadOnlyDictionary<string, JsonNode?>? variables = null, JsonObject? inputs = null)
    {
        var execution = new ActivityExecution
        {
            Number = memory.Run.NextExecutionNumber++,
            ParentNumber = parent?.Number,
            Role = role,
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

        foreach (var (name, value) in variables ?? new Dictionary<string, JsonNode?>(StringComparer.Ordinal))
        {
            execution.Variables[name] = value?.DeepClone();
        }

        memory.Add(execution);
        Enqueue(execution, () => BeginAsync(activity, execution, inputs));
        return execution;
    }

    public void Complete(ActivityExecution execution, IReadOnlyList<string> outcomes)
    {
        if (execution.Status != ActivityStatus.Running)
        {
            return;
        }

        execution.Outcomes = [.. outcomes];
        execution.Progress = null;
        CancelInside(execution);
        ForgetIncidents(execution);
        memory.SetStatus(execution, ActivityStatus.Completed);
        memory.Write(JournalEvents.Completed, execution, null, new JsonObject
        {
            ["outcomes"] = new JsonArray([.. outcomes.Select(o => JsonValue.Create(o))]),
            ["outputs"] = execution.Outputs.DeepClone(),
        });
        KeepForUndo(execution);
        if (execution.Role != HandlerRole.None)
        {
            HandlerEnded(execution);
        }
        else if (memory.ParentOf(execution) is { } parent)
        {
            if (!execution.CancelRequested)
            {
                Tell(parent, execution);
            }
        }
        else if (memory.Definition.HasConfirmations && !IsCompensating)
        {
            memory.Run.Passes.Add(new UndoPass(null, IncludesScope: false, PassMode.Confirm, null));
        }
    }

    /// <summary>Ends the run at once: what has not been executed will not be.</summary>
    public void FinishRun()
    {
        if (memory.Root is { Status: ActivityStatus.Running } root)
        {
            Complete(root, ["Done"]);
        }
    }

    public void SetOutput(ActivityExecution execution, Output output, JsonNode? value)
    {
        execution.Outputs[output.Name] = value;
        memory.Touch(execution);
        if (output.WorkflowOutput is { } outer)
        {
            SetWorkflowOutput(execution, outer, value?.DeepClone());
        }

        if (output.VariableId is { } variable && !ScopeOf(execution).TrySetVariable(variable, value?.DeepClone()))
        {
            throw new ExpressionException($"Output '{output.Name}' is bound to variable '{variable}', which is not in scope.");
        }
    }

    public ExecutionScope ScopeOf(ActivityExecution? execution) => new(memory, execution, runs.NewId);

    public ActivityExecutionContext ContextOf(ActivityExecution execution) => new(this, ActivityOf(execution), execution);

    public Activity ActivityOf(ActivityExecution execution) => memory.Definition.ByNodeId[execution.NodeId];

    /// <summary>The value of an input now; for inputs that an activity evaluates itself, again and again.</summary>
    public JsonNode? Evaluate(Input input, ActivityExecution execution)
    {
        var value = input.Expression is null ? input.Default?.DeepClone() : ExpressionEvaluator.Evaluate(input.Expression, ScopeOf(execution));
        if (input.Expression is Expression.Secret)
        {
            // The name of it, whatever the type of the input: the value never comes here.
            return value;
        }

        _ = ValueConversion.To(value, input.ValueType, JsonNamingPolicy.CamelCase.ConvertName(input.Name));
        return value;
    }

    private async ValueTask BeginAsync(Activity activity, ActivityExecution execution, JsonObject? inputs)
    {
        memory.Write(JournalEvents.Started, execution);
        foreach (var input in activity.Inputs.Where(i => i.AutoEvaluate && (i.KeepsDefault || i.Expression is not null)))
        {
            execution.Inputs[input.Name] = Evaluate(input, execution);
            memory.TouchInputs(execution);
        }

        Replace(execution, inputs);
        await activity.ExecuteAsync(ContextOf(execution));
    }

    /// <summary>Queues work of one step. Work of a step that has ended meanwhile is dropped.</summary>
    private void Enqueue(ActivityExecution execution, Func<ValueTask> work) => items.Enqueue(async () =>
    {
        if (execution.Status != ActivityStatus.Running || execution.CancelRequested)
        {
            return;
        }

        try
        {
            await work();
        }
        catch (FaultException e)
        {
            Fault(execution, e.Message, RunStatus.Compensated);
        }
        catch (Exception e) when (e is ExpressionException or InvalidOperationException or FormatException or JsonException or KeyNotFoundException or OverflowException)
        {
            Fault(execution, e.Message, RunStatus.Faulted);
        }
    });
}
