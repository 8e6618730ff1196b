using Runbooks.Workflows.Activities;
using Runbooks.Workflows.ControlFlow;
using Runbooks.Workflows.Definitions;

namespace Runbooks.Workflows.Triggers;

/// <summary>Checks that runs can start where a definition says that they do.</summary>
internal static class TriggerPlaces
{
    public static void Check(Activity root, IReadOnlyList<ArgumentDefinition> inputs, ProblemList problems) => Check(root, null, inputs, problems);

    private static void Check(Activity activity, string? obstacle, IReadOnlyList<ArgumentDefinition> inputs, ProblemList problems)
    {
        if (activity is TriggerActivity { StartsRuns: true })
        {
            if (obstacle is not null)
            {
                problems.Add(activity.Id, $"No run can start here, {obstacle}. Put what starts runs into a flowchart, or first into a sequence.");
            }

            foreach (var input in inputs.Where(i => i is { Required: true, Default: null }))
            {
                problems.Add(activity.Id, $"It starts runs without any input, but the input '{input.Name}' is required. Give it a default in customProperties[\"runbooks:inputDefaults\"].");
            }
        }

        foreach (var child in activity.Children)
        {
            var inside = activity switch
            {
                Flowchart => null,
                Sequence sequence when sequence.Activities[0] == child => null,
                Sequence => $"behind the beginning of the sequence '{activity.Id}'",
                _ => $"inside '{activity.Id}', which is an {activity.Type}",
            };
            Check(child, obstacle ?? inside, inputs, problems);
        }
    }
}
