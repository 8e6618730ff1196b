using System.Globalization;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>Ids of Elsa's activity executions: the run and the number of the step. 0 is the run as a whole.</summary>
internal static class StepIds
{
    public static string Of(RunId run, long step) => string.Create(CultureInfo.InvariantCulture, $"{run}-{step}");

    public static (RunId Run, long Step)? Parse(string? id) =>
        id?.Split('-') is [{ Length: 32 } run, { } step] && RunId.TryParse(run, out var runId)
        && long.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (runId, number)
            : null;
}
