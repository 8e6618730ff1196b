using Runbooks.Workflows.Children;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Workflows.Definitions;

/// <summary>An activity that starts runs of another runbook, which it names.</summary>
/// <param name="ActivityId">The activity.</param>
/// <param name="DefinitionId">The runbook.</param>
internal sealed record Call(string ActivityId, string DefinitionId);

/// <summary>Which runbooks a definition starts as runs of their own, as far as it says so without an expression.</summary>
internal static class Calls
{
    public static IEnumerable<Call> Of(WorkflowDefinition definition) =>
        from activity in definition.ByNodeId.Values
        where activity is ICallsWorkflow
        let called = ((ICallsWorkflow)activity).WorkflowDefinitionId.Expression
        where called is Expression.Literal { Value: not null }
        select new Call(activity.Id, ((Expression.Literal)called).Value!.ToString());

    public static DefinitionProblem Unknown(string source, Call call, IEnumerable<string> known) =>
        new(source, call.ActivityId, $"It calls the runbook '{call.DefinitionId}', which does not exist or was refused. Known: {string.Join(", ", known)}.");
}
