using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Library.Forms;

namespace Runbooks.Workflows.Library;

/// <summary>
/// Leads the runbooks that have another one built in to its published version. Each is changed by itself: one that was
/// saved by somebody else at this moment, or that can't run with the new version, stays as it is and is named.
/// </summary>
internal sealed class Consumers(IRunbookLibrary library, DefinitionCatalog catalog, RunbookEditor publisher)
{
    /// <summary>Whether a definition wants this to happen whenever it is published.</summary>
    public static bool AreToFollow(string json) =>
        StoredForm.Parse(json)["options"] is System.Text.Json.Nodes.JsonObject options && DefinitionJson.Flag(options, "autoUpdateConsumingWorkflows");

    public async Task<ConsumersUpdate> UpdateAsync(string definitionId, Editor editor, CancellationToken cancellationToken)
    {
        if (await catalog.LatestAsync(definitionId, cancellationToken) is not { } used)
        {
            return ConsumersUpdate.None;
        }

        var why = editor with { Reason = editor.Reason ?? $"uses version {used.Version} of '{definitionId}'" };
        var updated = new List<string>();
        var stay = new List<string>();
        foreach (var consumer in (await library.ListCurrentAsync(cancellationToken)).Where(v => v.IsLatest && v.DefinitionId != definitionId))
        {
            // What was retracted is not to be started again by this: it takes the new version when somebody edits it.
            if (consumer.State == VersionState.Superseded || Composition.Unpinned(consumer.Json, definitionId, used.Version) is not { } json)
            {
                continue;
            }

            if (await ProblemAsync(consumer, json, why, cancellationToken) is { } problem)
            {
                stay.Add($"'{consumer.DefinitionId}': {problem}");
            }
            else
            {
                updated.Add(consumer.DefinitionId);
            }
        }

        return new ConsumersUpdate(updated, stay);
    }

    /// <summary>Updates one; says why it could not. A draft stays a draft.</summary>
    private async Task<string?> ProblemAsync(RunbookVersion consumer, string json, Editor editor, CancellationToken cancellationToken)
    {
        var isDraft = consumer.State == VersionState.Draft;
        if (!isDraft && (await catalog.CheckAsync(json, consumer.DefinitionId, cancellationToken)).Reading is { Definition: null } reading)
        {
            return $"it can't be published with the new version, and stays with the old one. {string.Join(" ", RunbookEditor.Messages(reading.Problems, json))} Change it in the designer, and publish it.";
        }

        try
        {
            _ = await library.SaveDraftAsync(consumer.DefinitionId, json, consumer.Revision, editor, LibraryVerbs.Saved, cancellationToken);
        }
        catch (LostUpdateException e)
        {
            return $"somebody else has changed it at this moment, and it stays as they left it. {e.Message}";
        }

        return !isDraft && await publisher.PublishAsync(consumer.DefinitionId, editor, cancellationToken) is EditAnswer.Refused refused
            ? $"its draft uses the new version, and could not be published: {string.Join(" ", refused.Messages)}"
            : null;
    }
}
