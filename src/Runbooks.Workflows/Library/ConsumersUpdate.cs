namespace Runbooks.Workflows.Library;

/// <summary>Which runbooks that have another one built in were led to its published version.</summary>
/// <param name="Updated">The runbooks that use it now: published anew, or in their draft.</param>
/// <param name="NotUpdated">For each of the others its name, why it stays as it is, and what to do.</param>
public sealed record ConsumersUpdate(IReadOnlyList<string> Updated, IReadOnlyList<string> NotUpdated)
{
    public static ConsumersUpdate None { get; } = new([], []);

    /// <summary>In words, each of those that stay named; empty when all were updated.</summary>
    public IReadOnlyList<string> Complaint() => NotUpdated.Count == 0 ? [] :
    [
        Updated.Count == 0 ? "No runbook was updated." : $"Updated: {string.Join(", ", Updated.Select(u => $"'{u}'"))}. Not updated:",
        .. NotUpdated,
    ];
}
