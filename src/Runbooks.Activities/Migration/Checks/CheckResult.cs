using System.Text.Json.Nodes;

namespace Runbooks.Activities.Migration.Checks;

/// <summary>How a check ended.</summary>
public enum CheckOutcome
{
    Ok,

    /// <summary>It could not be done, or nothing asks for it. It stands in nobody's way.</summary>
    Skipped,

    Failed,
}

/// <summary>One check before a migration.</summary>
/// <param name="Name">Its name; inputs refer to it.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Found">What was found.</param>
/// <param name="Advice">What to do about it; null when there is nothing to do.</param>
public sealed record CheckResult(string Name, CheckOutcome Outcome, string Found, string? Advice = null)
{
    public override string ToString() => Advice is null ? Found : $"{Found} {Advice}";

    internal JsonObject ToJson() => new() { ["name"] = Name, ["outcome"] = Outcome.ToString(), ["found"] = Found, ["advice"] = Advice };
}

/// <summary>One check, decided from what was seen.</summary>
internal interface IMoveCheck
{
    string Name { get; }

    CheckResult Judge(MoveFacts facts);
}

/// <summary>Words that the checks share.</summary>
internal static class CheckWords
{
    public static CheckResult Ok(this IMoveCheck check, string found) => new(check.Name, CheckOutcome.Ok, found);

    public static CheckResult Skipped(this IMoveCheck check, string why) => new(check.Name, CheckOutcome.Skipped, why);

    public static CheckResult Failed(this IMoveCheck check, string found, string? advice = null) => new(check.Name, CheckOutcome.Failed, found, advice);

    /// <summary>A look that failed: nothing is known, so nothing is refused.</summary>
    public static CheckResult NotSeen(this IMoveCheck check, Hypervisors.Contract.HypervisorFault? fault) =>
        check.Skipped(fault is null ? "This hypervisor can't be asked." : $"It could not be seen. {fault}");
}
