using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Server.Approvals;
using Runbooks.Server.Views;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Runs;

/// <summary>A run as the console shows it in a list.</summary>
/// <param name="Run">The head.</param>
/// <param name="Title">What it is about, from its inputs: <c>vm07 → host02</c>.</param>
/// <param name="Stages">How far it is.</param>
/// <param name="Progress">What the running step reported last.</param>
/// <param name="ChangedTheWorld">False for a run that has only looked.</param>
/// <param name="Summary">What a step of it said in one sentence: the planner's reason to act, or not to.</param>
public sealed record RunCard(Run Run, string Title, IReadOnlyList<StageView> Stages, JsonObject? Progress, bool ChangedTheWorld, string? Summary)
{
    /// <summary>What may be asked of it now.</summary>
    public IReadOnlyList<RunVerb> Allowed { get; init; } = [];

    /// <summary>What it waits to be approved.</summary>
    public IReadOnlyList<ApprovalView> Approvals { get; init; } = [];

    public StageView? CurrentStage => Stages.FirstOrDefault(s => s.State == StageState.Current);

    /// <summary>In front of whatever a dry run is called.</summary>
    public const string DryRunPrefix = "Dry run: ";

    /// <summary>What it is about, and whether it only pretends.</summary>
    public static string TitleOf(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run.IsDryRun ? $"{DryRunPrefix}{AboutOf(run)}".TrimEnd(' ', ':') : AboutOf(run);
    }

    /// <summary>
    /// What it is about, in a few words. Understands the inputs of a move; shows others as they are, but for switches, nought
    /// and empty text, which say how it goes about it and not what it is about.
    /// </summary>
    public static string AboutOf(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var vm = Text(run.Input, "vm");
        var destination = Text(run.Input, "destination");
        if (vm is not null && destination is not null)
        {
            return Text(run.Input, "source") is { } source ? $"{vm}: {source} → {destination}" : $"{vm} → {destination}";
        }

        return string.Join(", ", run.Input.Where(p => p.Value is JsonValue value && Says(value)).Select(p => $"{p.Key} {p.Value}"));
    }

    private static bool Says(JsonValue value) => value.GetValueKind() switch
    {
        JsonValueKind.String => value.ToString().Length > 0,
        JsonValueKind.Number => value.ToString() is not ("0" or "0.0"),
        _ => false,
    };

    private static string? Text(JsonObject input, string name) =>
        input.FirstOrDefault(p => string.Equals(p.Key, name, StringComparison.OrdinalIgnoreCase)).Value?.ToString() is { Length: > 0 } text ? text : null;
}

/// <summary>Runs that are open or ended lately.</summary>
/// <param name="Open">Open runs that nobody started as a part of another, oldest first.</param>
/// <param name="Recent">Ended runs of their own, newest first.</param>
public sealed record RunOverview(IReadOnlyList<RunCard> Open, IReadOnlyList<RunCard> Recent)
{
    public static RunOverview Empty { get; } = new([], []);
}
