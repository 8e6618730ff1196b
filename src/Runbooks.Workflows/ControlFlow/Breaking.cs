using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Children;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>An activity that runs a body again and again, and that <see cref="Break"/> ends.</summary>
public interface ILoop;

/// <summary>
/// How a break gets out to its loop: the loop is marked, and every container between ends as soon as the child ends in which
/// the break happened. So each of them ends in its own way, and what it must do then is done.
/// </summary>
internal static class Breaking
{
    private const string Flag = "breaking";

    /// <exception cref="FaultException">There is no loop around; publishing refuses this.</exception>
    public static void Request(ActivityExecutionContext context)
    {
        var loop = LoopAround(context) ?? throw new FaultException("There is no loop around this Break.");
        loop.State[Flag] = true;
        context.Memory.Touch(loop);
    }

    /// <summary>True when the loop around the step, or the step itself, is to end after its current body.</summary>
    public static bool IsRequested(ActivityExecutionContext context) => LoopAround(context)?.State.ContainsKey(Flag) ?? false;

    private static ActivityExecution? LoopAround(ActivityExecutionContext context)
    {
        foreach (var step in context.Memory.FromInside(context.Execution))
        {
            var activity = context.Memory.Definition.ByNodeId[step.NodeId];
            if (activity is ILoop)
            {
                return step;
            }

            if (activity is WorkflowActivity || step.Role != HandlerRole.None)
            {
                return null;
            }
        }

        return null;
    }
}

/// <summary>Ends the loop around it after the current round.</summary>
[Activity("Elsa", "Looping", "Ends the loop around it: what is left of the current round is not executed.")]
[Terminal]
public sealed class Break : CodeActivity
{
    protected override ValueTask RunAsync(ActivityExecutionContext context)
    {
        Breaking.Request(context);
        return ValueTask.CompletedTask;
    }
}
