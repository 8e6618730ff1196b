using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Runs;

/// <summary>What a commit can change in a head, besides its counters, its lease and its last result. Equal facts are written once.</summary>
internal sealed record HeadFacts(
    RunStatus Status,
    string? Reason,
    RunStatus? CompensatesTo,
    string? CorrelationId,
    string? ParentBookmarkId,
    string? Name,
    string? PausedBy,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    string Output,
    string Variables,
    string Passes,
    string Incidents)
{
    public static HeadFacts Of(Run run) => new(
        run.Status,
        run.Reason,
        run.CompensatesTo,
        run.CorrelationId,
        run.ParentBookmarkId,
        run.Name,
        run.PausedBy,
        run.StartedAt,
        run.FinishedAt,
        Short(run.Output),
        Short(run.Variables),
        run.Passes.Count == 0 ? "" : JsonSerializer.Serialize(run.Passes),
        run.Incidents.Count == 0 ? "" : string.Join(' ', run.Incidents));

    /// <summary>The text, or what stands for it when it is long: it is kept as long as the run stays here.</summary>
    private static string Short(JsonObject json)
    {
        var text = json.Count == 0 ? "" : json.ToJsonString();
        return text.Length < WrittenTexts.WorthRemembering ? text : Convert.ToHexString(SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(text.AsSpan())));
    }
}
