using System.Globalization;
using System.Text.Json.Nodes;
using Runbooks.Server.Access;
using Runbooks.Server.Configuration;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>What became of a wish to start from Studio.</summary>
internal abstract record StudioStart
{
    private StudioStart()
    {
    }

    public sealed record Started(RunId Run) : StudioStart;

    /// <summary>Another run is open, and none may start beside it.</summary>
    public sealed record CannotStart(string Why) : StudioStart;

    public sealed record Refused(IReadOnlyList<string> Why) : StudioStart;
}

/// <summary>
/// Starts what Studio shows. It runs what the editor has open, and that may be a draft: a draft runs dry, on a copy of it
/// that is kept for the run; the published version runs for real.
/// </summary>
internal sealed class StudioStarts(IRunStarter starter, DefinitionCatalog catalog, Settings settings, IRunbookLibrary library)
{
    /// <param name="definitionId">The runbook.</param>
    /// <param name="body">Studio's wish: versionOptions, input, correlationId, triggerActivityId.</param>
    /// <param name="person">Who may start runs.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<StudioStart> StartAsync(string definitionId, JsonObject body, Person person, CancellationToken cancellationToken)
    {
        var versions = await library.ListAsync(definitionId, cancellationToken);
        var (draft, refusal) = Choose(definitionId, versions, InstanceQueries.Text(body, "versionOptions"));
        if (refusal is not null)
        {
            return new StudioStart.Refused([refusal]);
        }

        int? kept = null;
        if (draft)
        {
            if (settings.Workflows.DraftRuns == DraftRuns.Refused)
            {
                return new StudioStart.Refused([$"The latest version of '{definitionId}' is a draft, and drafts are not run here (setting Workflows:DraftRuns). Publish it first."]);
            }

            kept = (await library.KeepDraftAsync(definitionId, cancellationToken))?.Version;
            if (kept is null)
            {
                return new StudioStart.Refused([$"The draft of '{definitionId}' is gone: somebody has published or discarded it at this moment. Reload the page."]);
            }
        }

        var definition = kept is { } version ? await catalog.FindAsync(definitionId, version, cancellationToken) : await catalog.LatestAsync(definitionId, cancellationToken);
        var wish = new StartRequest(definitionId, body["input"] as JsonObject ?? [], ActorName.StartedBy(person.Name, ElsaRequest.Reason), null, InstanceQueries.Text(body, "correlationId"))
        {
            IsDryRun = kept is not null,
            Draft = kept,
            Trigger = InstanceQueries.Text(body, "triggerActivityId") is { } trigger && definition?.ByNodeId.Values.FirstOrDefault(a => string.Equals(a.Id, trigger, StringComparison.Ordinal)) is { } activity
                ? new RunTrigger(activity.NodeId, null)
                : null,
        };
        return await starter.StartAsync(wish, cancellationToken) switch
        {
            StartAnswer.Accepted accepted => new StudioStart.Started(accepted.RunId),
            StartAnswer.Refused refused => new StudioStart.CannotStart(refused.Reason),
            StartAnswer.Invalid invalid => new StudioStart.Refused([.. invalid.Problems.Select(p => $"{p.Field}: {p.Message}")]),
            StartAnswer.UnknownRunbook => new StudioStart.Refused([$"There is no published runbook '{definitionId}' that can be run here."]),
            _ => throw new InvalidOperationException("An answer to a start request has no translation."),
        };
    }

    /// <summary>Whether the draft is meant; or why neither it nor the published version is.</summary>
    internal static (bool Draft, string? Refusal) Choose(string definitionId, IReadOnlyList<RunbookVersion> versions, string? options)
    {
        var draft = versions.FirstOrDefault(v => v.State == VersionState.Draft);
        var published = versions.FirstOrDefault(v => v.State == VersionState.Published);
        if (int.TryParse(options, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return draft?.Version == number ? (true, null)
                : published?.Version == number ? (false, null)
                : (false, $"Version {number} of '{definitionId}' is not the published one ({published?.Version.ToString(CultureInfo.InvariantCulture) ?? "none"}); only that one and the draft can be run. Revert to it first.");
        }

        return options switch
        {
            "Published" => (false, null),
            "Draft" => draft is null ? (false, $"'{definitionId}' has no draft.") : (true, null),
            _ => (draft is { IsLatest: true }, null),
        };
    }
}
