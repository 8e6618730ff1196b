using System.Collections.Concurrent;
using System.Globalization;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Children;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Triggers;

namespace Runbooks.Workflows.Definitions;

/// <summary>
/// The runbooks that this process can run: published versions from the store, checked. One that can't run is refused with
/// its reasons, and the others go on. What other processes publish is noticed by <see cref="RefreshAsync"/>, and whenever
/// something is asked for that is not known.
/// </summary>
/// <param name="store">Published versions.</param>
/// <param name="reader">Checks them against what this program knows.</param>
/// <param name="product">What the definitions of a folder ship with; null: this program.</param>
public sealed class DefinitionCatalog(IDefinitionStore store, DefinitionReader reader, ProductVersion? product = null)
{
    /// <summary>How many versions are looked back for one that this program can run, when it can't run the latest.</summary>
    private const int MostLookedBack = 50;

    /// <summary>Kept drafts that are remembered; as many dry runs may be tried out at once without reading a definition twice.</summary>
    private const int MostDrafts = 32;

    private readonly ProductVersion ours = product ?? ProductVersion.Current;
    private readonly ConcurrentDictionary<string, int> looked = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> withdrawn = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, WorkflowDefinition> latest = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Id, int Version), WorkflowDefinition> versions = new();
    private readonly RecentDrafts drafts = new(MostDrafts);
    private readonly ConcurrentDictionary<string, IReadOnlyList<DefinitionProblem>> refused = new(StringComparer.Ordinal);

    public IEnumerable<string> Ids => latest.Keys.Order(StringComparer.Ordinal);

    public IEnumerable<WorkflowDefinition> All => latest.Values.OrderBy(d => d.DefinitionId, StringComparer.Ordinal);

    /// <summary>Workflows that others may use as activities, as the designer shows them.</summary>
    public IEnumerable<ActivityDescriptor> Activities => All.Where(d => d.Options.UsableAsActivity).Select(WorkflowActivity.Describe);

    /// <summary>What was refused, by file.</summary>
    public IReadOnlyList<DefinitionProblem> Problems => [.. refused.OrderBy(r => r.Key, StringComparer.Ordinal).SelectMany(r => r.Value)];

    /// <summary>What starts runs of the runbooks that are live.</summary>
    public TriggerIndex Triggers { get; private set; } = TriggerIndex.Empty;

    /// <summary>Raised after the live runbooks, and with them <see cref="Triggers"/>, have changed.</summary>
    public event EventHandler? Changed;

    /// <summary>The newest version that this program can run, as far as it has looked.</summary>
    public WorkflowDefinition? Latest(string definitionId) => latest.GetValueOrDefault(definitionId);

    /// <summary>The same; a runbook that is not known is looked for among what others have published.</summary>
    public async Task<WorkflowDefinition?> LatestAsync(string definitionId, CancellationToken cancellationToken)
    {
        if (Latest(definitionId) is null)
        {
            await RefreshAsync(cancellationToken);
        }

        return Latest(definitionId);
    }

    /// <summary>
    /// Takes in what was published, retracted and deleted since the last look, by whomever. A version that this program can't
    /// run is listed as a problem, and the newest that it can run stays in force here.
    /// </summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        if (await TakeInAsync(cancellationToken))
        {
            HasChanged();
        }
    }

    /// <summary>
    /// Checks a definition as <see cref="LoadAsync"/> does, against what is live now, without publishing it. The JSON is what
    /// would be published: with the version beside each workflow that it uses.
    /// </summary>
    public async Task<(DefinitionReading Reading, string Json)> CheckAsync(string json, string source, CancellationToken cancellationToken)
    {
        foreach (var reference in Composition.References(DefinitionJson.Parse(json, new ProblemList(source))))
        {
            _ = reference.Version is { } version ? await FindAsync(reference.DefinitionId, version, cancellationToken) : await LatestAsync(reference.DefinitionId, cancellationToken);
        }

        var reading = reader.Read(json, source, null, r => Find(r, null));
        if (reading.Definition is not { } definition)
        {
            return (reading, json);
        }

        DefinitionProblem[] unknown = [.. Calls.Of(definition).Where(c => !latest.ContainsKey(c.DefinitionId) && c.DefinitionId != definition.DefinitionId).Select(c => Calls.Unknown(source, c, Ids))];
        return unknown.Length > 0
            ? (new DefinitionReading(null, unknown), json)
            : (reading, definition.Uses.Count == 0 ? json : Composition.Pinned(json, used => latest[used].Version));
    }

    /// <summary>
    /// Loads every <c>*.json</c> of a folder and publishes what is new. Returns the problems of files that were refused.
    /// </summary>
    public async Task<IReadOnlyList<DefinitionProblem>> LoadFolderAsync(string folder, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
        {
            DefinitionProblem missing = new(folder, null, "The folder with the runbooks does not exist. Set 'Workflows:Folder' to the folder that holds the *.json files.");
            refused[folder] = [missing];
            return [missing];
        }

        var sources = new List<(string Source, string Json)>();
        foreach (var file in Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            sources.Add((Path.GetFileName(file), await File.ReadAllTextAsync(file, cancellationToken)));
        }

        return await LoadAsync(sources, cancellationToken);
    }

    /// <summary>
    /// Checks and publishes definitions; refused ones leave the version that was live before in force. A workflow that is used
    /// as an activity is published before those that use it, and they are pinned to that version.
    /// </summary>
    public async Task<IReadOnlyList<DefinitionProblem>> LoadAsync(IReadOnlyList<(string Source, string Json)> sources, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(sources);
        var batch = new DefinitionBatch(sources, refused);
        foreach (var reference in batch.Pinned)
        {
            _ = await FindAsync(reference.DefinitionId, reference.Version!.Value, cancellationToken);
        }

        var good = new Dictionary<string, (string Source, WorkflowDefinition Definition)>(StringComparer.Ordinal);
        foreach (var (source, json) in batch.InOrder)
        {
            var reading = reader.Read(json, source, null, r => Find(r, good));
            if (reading.Definition is not { } definition)
            {
                refused[source] = reading.Problems;
            }
            else if (good.TryGetValue(definition.DefinitionId, out var other))
            {
                refused[source] = [new DefinitionProblem(source, null, $"Its definitionId '{definition.DefinitionId}' is that of {other.Source} too; the first one is used.")];
            }
            else
            {
                _ = refused.TryRemove(source, out _);
                good.Add(definition.DefinitionId, (source, definition));
            }
        }

        RefuseWhatCallsTheUnknown(good);
        foreach (var id in batch.Ids.Where(good.ContainsKey))
        {
            var (source, definition) = good[id];
            if (definition.Uses.FirstOrDefault(u => u.Version is null && !latest.ContainsKey(u.DefinitionId)) is { } unusable)
            {
                refused[source] = [new DefinitionProblem(source, null, $"It uses the workflow '{unusable.DefinitionId}' as an activity, and what is published of that one can't run here.")];
                continue;
            }

            var json = definition.Uses.Count == 0 ? definition.Json : Composition.Pinned(definition.Json, used => latest[used].Version);
            var hash = ContentHash.Of(json);
            var stored = await store.PublishAsync(id, hash, json, source, ours, cancellationToken);
            if (!string.Equals(stored.ContentHash, hash, StringComparison.Ordinal))
            {
                _ = await AdoptAsync(id, stored.Version, cancellationToken);
                if (!stored.IsShipped || await store.LatestAsync(id, cancellationToken) is null)
                {
                    // What people have published or retracted is theirs; the library offers them the file.
                    continue;
                }

                refused[source] = [new DefinitionProblem(source, null, $"A newer product than this one ({ours}) has published version {stored.Version} of '{id}'; this file is not published over it. Runs that start here use version {Latest(id)?.Version.ToString(CultureInfo.InvariantCulture) ?? "(none)"}.")];
                continue;
            }

            var published = definition with { Version = stored.Version, Json = json, Uses = [.. definition.Uses.Select(u => u with { Version = u.Version ?? latest[u.DefinitionId].Version })] };
            latest[id] = published;
            looked[id] = stored.Version;
            versions[(id, stored.Version)] = published;
        }

        _ = await TakeInAsync(cancellationToken);
        HasChanged();
        return [.. sources.SelectMany(s => refused.GetValueOrDefault(s.Source) ?? [])];
    }

    /// <summary>A version by number, for a run that is pinned to it; null when it is unknown or can't run any more. Below zero: a draft that was kept for a dry run.</summary>
    public async Task<WorkflowDefinition?> FindAsync(string definitionId, int version, CancellationToken cancellationToken)
    {
        var (definition, _) = await ReadAsync(definitionId, version, cancellationToken);
        if (definition is not null && looked.GetValueOrDefault(definitionId) < version)
        {
            // Somebody has published since the last look, and what this version calls may be as new as itself.
            await RefreshAsync(cancellationToken);
        }

        return definition;
    }

    /// <summary>Why a version can't run; empty when it can, or when there is none of this number.</summary>
    public async Task<IReadOnlyList<DefinitionProblem>> ProblemsOfAsync(string definitionId, int version, CancellationToken cancellationToken) =>
        (await ReadAsync(definitionId, version, cancellationToken)).Problems;

    /// <summary>A version, known or read now; why it can't run when it can't.</summary>
    private async Task<(WorkflowDefinition? Definition, IReadOnlyList<DefinitionProblem> Problems)> ReadAsync(string definitionId, int version, CancellationToken cancellationToken)
    {
        if ((version < 0 ? drafts.Find(definitionId, version) : versions.GetValueOrDefault((definitionId, version))) is { } known)
        {
            return (known, []);
        }

        if (await store.FindAsync(definitionId, version, cancellationToken) is not { } stored)
        {
            return (null, []);
        }

        // What is published uses versions that were published before it: this comes to an end.
        foreach (var reference in Composition.References(DefinitionJson.Parse(stored.Json, new ProblemList(stored.Source))).Where(r => r.Version is not null))
        {
            _ = await ReadAsync(reference.DefinitionId, reference.Version!.Value, cancellationToken);
        }

        var reading = reader.Read(stored.Json, $"{definitionId} version {version}", version, r => Find(r, null));
        return (reading.Definition is not { } definition ? null : version < 0 ? drafts.Add(definition) : versions.GetOrAdd((definitionId, version), definition), reading.Problems);
    }

    private async Task<bool> TakeInAsync(CancellationToken cancellationToken)
    {
        var live = await store.LatestVersionsAsync(cancellationToken);
        var changed = false;
        foreach (var gone in latest.Keys.Except(live.Select(l => l.DefinitionId), StringComparer.Ordinal).ToArray())
        {
            // It may come back with the number that is known.
            withdrawn[gone] = true;
            changed |= latest.TryRemove(gone, out _);
        }

        foreach (var (id, version) in live)
        {
            if (looked.GetValueOrDefault(id) < version || withdrawn.ContainsKey(id))
            {
                changed |= await AdoptAsync(id, version, cancellationToken);
                _ = withdrawn.TryRemove(id, out _);
            }
        }

        return changed;
    }

    /// <summary>
    /// Puts the newest version that this program can run in force; why newer ones can't run is listed. True when another one
    /// is in force than before.
    /// </summary>
    private async Task<bool> AdoptAsync(string id, int newest, CancellationToken cancellationToken)
    {
        var inForce = Latest(id)?.Version ?? 0;
        var found = false;
        for (var version = newest; version > inForce && version > newest - MostLookedBack && !found; version--)
        {
            var (definition, problems) = await ReadAsync(id, version, cancellationToken);
            if (definition is null)
            {
                refused[$"{id} version {version}"] = problems;
            }
            else
            {
                latest[id] = definition;
                found = true;
            }
        }

        looked[id] = newest;
        return found;
    }

    private void HasChanged()
    {
        Triggers = TriggerIndex.Of(latest.Values);
        Changed?.Invoke(this, EventArgs.Empty);
    }

    private WorkflowDefinition? Find(WorkflowReference reference, Dictionary<string, (string Source, WorkflowDefinition Definition)>? loading) =>
        reference.Version is { } version && versions.TryGetValue((reference.DefinitionId, version), out var pinned) ? pinned
        : loading?.TryGetValue(reference.DefinitionId, out var fresh) == true && (reference.Version is null || reference.Version == fresh.Definition.Version) ? fresh.Definition
        : reference.Version is null ? Latest(reference.DefinitionId)
        : null;

    /// <summary>A definition that calls one which does not exist, or was refused, is refused too; until nothing changes.</summary>
    private void RefuseWhatCallsTheUnknown(Dictionary<string, (string Source, WorkflowDefinition Definition)> good)
    {
        for (var again = true; again;)
        {
            again = false;
            foreach (var (id, (source, definition)) in good.ToArray())
            {
                foreach (var call in Calls.Of(definition).Where(c => !good.ContainsKey(c.DefinitionId) && !latest.ContainsKey(c.DefinitionId)))
                {
                    refused[source] = [Calls.Unknown(source, call, good.Keys.Where(k => !string.Equals(k, id, StringComparison.Ordinal)).Order(StringComparer.Ordinal))];
                    again |= good.Remove(id);
                }
            }
        }
    }
}
