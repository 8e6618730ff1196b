using System.Text.Json;
using Runbooks.Server.Runs;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>
/// Our states in Elsa's words, and back. Elsa knows fewer: what it has no word for is in the name of the instance, among its
/// incidents, and in the properties of its state. Pure.
/// </summary>
internal static class InstanceWords
{
    /// <summary>The activity that Elsa thinks around the root of every definition.</summary>
    public const string Workflow = "Workflow1";

    public const string WorkflowType = "Elsa.Workflow";

    public const string Running = "Running";

    public const string Finished = "Finished";

    private static readonly IReadOnlyList<RunStatus> All = Enum.GetValues<RunStatus>();

    public static string Status(RunStatus status) => status.IsEnd() ? Finished : Running;

    /// <summary>A run that went wrong and was undone is Elsa's Faulted: neither is what it was started for.</summary>
    public static string SubStatus(RunStatus status) => status switch
    {
        RunStatus.Pending => "Pending",
        RunStatus.Executing or RunStatus.Compensating => "Executing",
        RunStatus.Suspended or RunStatus.Paused or RunStatus.NeedsAttention => "Suspended",
        RunStatus.Finished => "Finished",
        RunStatus.Cancelled => "Cancelled",
        RunStatus.Compensated or RunStatus.Faulted => "Faulted",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "This state of a run has no word in Elsa yet."),
    };

    /// <summary>Our states behind words of Elsa; null: no words, any state. A word that nobody knows stands for none.</summary>
    public static IReadOnlyCollection<RunStatus>? Statuses(IReadOnlyCollection<string> statuses, IReadOnlyCollection<string> subStatuses) =>
        statuses.Count + subStatuses.Count == 0
            ? null
            : [.. All.Where(s => (statuses.Count == 0 || Has(statuses, Status(s))) && (subStatuses.Count == 0 || Has(subStatuses, SubStatus(s))))];

    /// <summary>What people see of a run in Studio's list: its own name, or its runbook and what it is about; and what Elsa has no word for.</summary>
    public static string Name(Run run)
    {
        var name = run.Name is { Length: > 0 } given ? given : $"{run.DefinitionId} {RunCard.AboutOf(run)}".TrimEnd();
        var state = run.Status switch
        {
            RunStatus.NeedsAttention => " (needs attention)",
            RunStatus.Paused => " (paused)",
            RunStatus.Compensating => " (undoing)",
            RunStatus.Compensated => " (undone)",
            _ => "",
        };
        return $"{(run.IsDryRun ? RunCard.DryRunPrefix : "")}{name}{state}";
    }

    /// <summary>How many incidents a list shows. Which they are is in the instance itself.</summary>
    public static int IncidentCount(Run run) => run.Status switch
    {
        RunStatus.NeedsAttention or RunStatus.Faulted or RunStatus.Compensated => Math.Max(1, run.Incidents.Count),
        _ => run.Incidents.Count,
    };

    public static string Word<T>(T value)
        where T : struct, Enum =>
        JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    private static bool Has(IReadOnlyCollection<string> words, string word) => words.Contains(word, StringComparer.OrdinalIgnoreCase);
}
