using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Library.Forms;

namespace Runbooks.Workflows.Library;

/// <summary>
/// What people do to runbooks, with its checks. What is allowed to whom is settled before; what is live afterwards is live in
/// this process at once, and in others with their next look.
/// </summary>
public sealed class RunbookEditor(IRunbookLibrary library, DefinitionCatalog catalog, ActivityRegistry registry, IRunStore runs)
{
    private const int MostNames = 1000;

    /// <summary>Whether the designer can draw an activity: its type is known, as ours or as a workflow that is used as one.</summary>
    public bool IsKnown(JsonObject activity)
    {
        ArgumentNullException.ThrowIfNull(activity);
        var type = activity["type"]?.ToString() ?? "";
        return registry.Find(type) is not null || (Composition.ReferenceOf(activity) is not null && catalog.Activities.Any(a => string.Equals(a.TypeName, type, StringComparison.Ordinal)));
    }

    /// <summary>
    /// Saves a definition as the draft. What does not change anything makes none: the designer saves in passing. A definition
    /// without an id is a new runbook, named after its name.
    /// </summary>
    /// <param name="model">The definition, as the designer sends it.</param>
    /// <param name="toPublish">It will be published right away: then what can't run is refused before anything is saved.</param>
    /// <param name="editor">Who, and why.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<EditAnswer> SaveAsync(JsonObject model, bool toPublish, Editor editor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        var problems = new ProblemList("the definition");
        if (StoredForm.Read(model.ToJsonString(), problems) is not { } definition)
        {
            return new EditAnswer.Refused(Messages(problems.All, null));
        }

        var id = DefinitionJson.Text(definition, "definitionId");
        if (string.IsNullOrWhiteSpace(id))
        {
            return await CreateAsync(definition, editor, cancellationToken);
        }

        if (RunbookId.Problem(id) is { } wrong)
        {
            return new EditAnswer.Refused(wrong);
        }

        if (StoredForm.Of(definition, id, problems)?.ToJsonString() is not { } json)
        {
            return new EditAnswer.Refused(Messages(problems.All, null));
        }

        var latest = await library.LatestAsync(id, cancellationToken);
        if (latest is not null && Meaning.Same(latest.Json, json))
        {
            return new EditAnswer.Done(latest, Changed: false);
        }

        // The designer keeps the model that it sent when it is refused, with the revision in it: so nothing may be saved then.
        if (toPublish && (await catalog.CheckAsync(json, id, cancellationToken)).Reading is { Definition: null } reading)
        {
            return new EditAnswer.Refused(Messages(reading.Problems, json));
        }

        try
        {
            return new EditAnswer.Done(await library.SaveDraftAsync(id, json, StoredForm.RevisionOf(definition) ?? 0, editor, LibraryVerbs.Saved, cancellationToken), Changed: true);
        }
        catch (LostUpdateException e)
        {
            return new EditAnswer.Refused(e.Message);
        }
    }

    /// <summary>
    /// Makes the draft live, or the version that was retracted when there is no draft. Where the definition says so, those
    /// that have it built in follow (<c>options.autoUpdateConsumingWorkflows</c>).
    /// </summary>
    public async Task<EditAnswer> PublishAsync(string definitionId, Editor editor, CancellationToken cancellationToken)
    {
        if (await library.LatestAsync(definitionId, cancellationToken) is not { } latest)
        {
            return NotThere(definitionId);
        }

        if (latest.State == VersionState.Published)
        {
            return new EditAnswer.Done(latest, Changed: false);
        }

        var (reading, json) = await catalog.CheckAsync(latest.Json, definitionId, cancellationToken);
        if (reading.Definition is null)
        {
            return new EditAnswer.Refused(Messages(reading.Problems, latest.Json));
        }

        var published = latest.State == VersionState.Draft
            ? await library.PublishDraftAsync(definitionId, latest.Revision, ContentHash.Of(json), json, editor, cancellationToken)
            : await library.PublishAgainAsync(definitionId, editor, cancellationToken);
        if (published is null)
        {
            return new EditAnswer.Refused($"'{definitionId}' was changed while it was being published; nothing was published. Reload the page to see what it is now, and publish again.");
        }

        await catalog.RefreshAsync(cancellationToken);
        return new EditAnswer.Done(published, Changed: true)
        {
            Consumers = Consumers.AreToFollow(json) ? await UpdateReferencesAsync(definitionId, editor, cancellationToken) : ConsumersUpdate.None,
        };
    }

    /// <summary>No version is started any more. Runs that are on one go on.</summary>
    public async Task<EditAnswer> RetractAsync(string definitionId, Editor editor, CancellationToken cancellationToken)
    {
        var changed = await library.RetractAsync(definitionId, editor, cancellationToken);
        if (await library.LatestAsync(definitionId, cancellationToken) is not { } latest)
        {
            return NotThere(definitionId);
        }

        await catalog.RefreshAsync(cancellationToken);
        return new EditAnswer.Done(latest, changed);
    }

    /// <summary>Copies an older version into a new draft, over the one that there may be.</summary>
    public async Task<EditAnswer> RevertAsync(VersionId to, Editor editor, CancellationToken cancellationToken)
    {
        if (await library.LatestAsync(to.DefinitionId, cancellationToken) is not { } latest || await library.FindAsync(to, cancellationToken) is not { } old)
        {
            return new EditAnswer.Refused($"There is no version {to.Version} of '{to.DefinitionId}'.");
        }

        var problems = new ProblemList(to.DefinitionId);
        var json = StoredForm.Of(StoredForm.Parse(old.Json), to.DefinitionId, problems);
        if (json is null)
        {
            return new EditAnswer.Refused(Messages(problems.All, null));
        }

        try
        {
            return new EditAnswer.Done(await library.SaveDraftAsync(to.DefinitionId, json.ToJsonString(), latest.Revision, editor, LibraryVerbs.Reverted, cancellationToken), Changed: true);
        }
        catch (LostUpdateException e)
        {
            return new EditAnswer.Refused(e.Message);
        }
    }

    /// <summary>Throws a draft away. A version that was ever published stays: runs may be on it, and the history speaks of it.</summary>
    public async Task<EditAnswer> DeleteVersionAsync(VersionId id, Editor editor, CancellationToken cancellationToken)
    {
        if (await library.FindAsync(id, cancellationToken) is not { } version)
        {
            return new EditAnswer.Refused($"There is no version {id.Version} of '{id.DefinitionId}'.");
        }

        if (version.State != VersionState.Draft)
        {
            return new EditAnswer.Refused($"Version {id.Version} of '{id.DefinitionId}' was published, so it can't be deleted: runs may be on it, and the history speaks of it. Retract it, so that it is not started any more.");
        }

        return await library.DiscardDraftAsync(id.DefinitionId, editor, cancellationToken)
            ? new EditAnswer.Done(version, Changed: true)
            : new EditAnswer.Refused($"The draft of '{id.DefinitionId}' was published or discarded in the meantime.");
    }

    /// <summary>Takes a runbook out of every list. Refused while anything needs it.</summary>
    public async Task<EditAnswer> DeleteAsync(string definitionId, Editor editor, CancellationToken cancellationToken)
    {
        if (await library.LatestAsync(definitionId, cancellationToken) is not { } latest)
        {
            return NotThere(definitionId);
        }

        var open = await runs.ListAsync(new RunFilter { DefinitionId = definitionId, OnlyOpen = true, Limit = 10 }, cancellationToken);
        if (open.Count > 0)
        {
            return new EditAnswer.Refused($"'{definitionId}' has runs that have not ended: {string.Join(", ", open.Select(r => r.Id))}{(open.Count == 10 ? ", …" : "")}. Wait for their end, or cancel them; until then retract it, so that no more are started.");
        }

        var users = ConsumersOf(definitionId);
        if (users.Count > 0)
        {
            return new EditAnswer.Refused($"'{definitionId}' is used by {string.Join(", ", users.Select(u => $"'{u}'"))}. Change or retract these first.");
        }

        if (!await library.DeleteAsync(definitionId, editor, cancellationToken))
        {
            return NotThere(definitionId);
        }

        await catalog.RefreshAsync(cancellationToken);
        return new EditAnswer.Done(latest, Changed: true);
    }

    /// <summary>Publishes what was shipped over what people have made of it.</summary>
    public async Task<EditAnswer> RestoreAsync(string definitionId, Editor editor, CancellationToken cancellationToken)
    {
        if (await library.RestoreAsync(definitionId, editor, cancellationToken) is not { } restored)
        {
            return new EditAnswer.Refused((await library.ShippedAsync(definitionId, cancellationToken)).Count == 0
                ? $"Nothing of '{definitionId}' was shipped: it is not in the folder of runbooks."
                : $"What was shipped of '{definitionId}' is what is published.");
        }

        await catalog.RefreshAsync(cancellationToken);
        return new EditAnswer.Done(restored, Changed: true);
    }

    /// <summary>
    /// Lets the runbooks that have this one built in use its published version: as a new version of theirs, or in their draft
    /// when there is one.
    /// </summary>
    public Task<ConsumersUpdate> UpdateReferencesAsync(string definitionId, Editor editor, CancellationToken cancellationToken) =>
        new Consumers(library, catalog, this).UpdateAsync(definitionId, editor, cancellationToken);

    /// <summary>Published runbooks that use or start this one.</summary>
    public IReadOnlyList<string> ConsumersOf(string definitionId) =>
    [
        .. from user in catalog.All
           where user.DefinitionId != definitionId
               && (user.Uses.Any(u => u.DefinitionId == definitionId) || Calls.Of(user).Any(c => c.DefinitionId == definitionId))
           select user.DefinitionId,
    ];

    /// <summary>Whether no other runbook has this name.</summary>
    public async Task<bool> IsNameUniqueAsync(string name, string? definitionId, CancellationToken cancellationToken) =>
        !(await library.ListCurrentAsync(cancellationToken)).Any(v => v.DefinitionId != definitionId && string.Equals(RunbookOutline.Of(v).Name, name.Trim(), StringComparison.OrdinalIgnoreCase));

    /// <summary>Problems as people read them: with the name of the activity as it stands on the canvas.</summary>
    internal static IReadOnlyList<string> Messages(IReadOnlyList<DefinitionProblem> problems, string? json)
    {
        var titles = json is null ? [] : ActivityTree.All(StoredForm.Parse(json)["root"])
            .GroupBy(a => a.Activity["id"]!.ToString(), StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => ActivityTree.TitleOf(g.First().Activity), StringComparer.Ordinal);
        return [.. problems.Select(p => p.ActivityId is null ? p.Message : $"{(titles.TryGetValue(p.ActivityId, out var title) && title != p.ActivityId ? $"{title} ({p.ActivityId})" : p.ActivityId)}: {p.Message}")];
    }

    private static EditAnswer.Refused NotThere(string definitionId) => new($"There is no runbook '{definitionId}'; it may have been deleted.");

    private async Task<EditAnswer> CreateAsync(JsonObject definition, Editor editor, CancellationToken cancellationToken)
    {
        var name = DefinitionJson.Text(definition, "name") ?? "";
        for (var number = 1; number < MostNames; number++)
        {
            var id = RunbookId.Of(name, number);
            var problems = new ProblemList(id);
            if (StoredForm.Of(definition, id, problems) is not { } stored)
            {
                return new EditAnswer.Refused(Messages(problems.All, null));
            }

            if (await library.LatestAsync(id, cancellationToken) is not null)
            {
                continue;
            }

            try
            {
                return new EditAnswer.Done(await library.SaveDraftAsync(id, stored.ToJsonString(), 0, editor, LibraryVerbs.Saved, cancellationToken), Changed: true);
            }
            catch (LostUpdateException)
            {
                // Somebody has taken it at this moment, or it was that of a runbook that was deleted.
            }
        }

        return new EditAnswer.Refused($"There are {MostNames} runbooks named '{name}'. Choose another name.");
    }
}
