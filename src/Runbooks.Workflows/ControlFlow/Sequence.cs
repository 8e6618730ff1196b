using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>Runs its activities one after the other; a terminal one ends it early.</summary>
[Activity("Elsa", "Flow", "Runs activities one after the other.")]
public sealed class Sequence : Activity, IContainer, IRewindable
{
    public IReadOnlyList<Activity> Activities { get; set; } = [];

    IReadOnlySet<string> IRewindable.Following(Activity child) => Activities.SkipWhile(a => a != child).Select(a => a.Id).ToHashSet(StringComparer.Ordinal);

    void IRewindable.Rewind(ActivityExecutionContext context, Activity child) => context.State["index"] = Activities.TakeWhile(a => a != child).Count() + 1;

    protected internal override ValueTask ExecuteAsync(ActivityExecutionContext context) => Next(context);

    protected internal override ValueTask OnChildCompletedAsync(ActivityExecutionContext context, ActivityExecutionContext child)
    {
        if (child.Activity.Descriptor.IsTerminal || Breaking.IsRequested(context))
        {
            context.Complete();
            return ValueTask.CompletedTask;
        }

        return Next(context);
    }

    private ValueTask Next(ActivityExecutionContext context)
    {
        var index = context.State["index"]?.GetValue<int>() ?? 0;
        if (index >= Activities.Count)
        {
            context.Complete();
        }
        else
        {
            context.State["index"] = index + 1;
            _ = context.Schedule(Activities[index]);
        }

        return ValueTask.CompletedTask;
    }
}
