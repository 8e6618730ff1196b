using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Children;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Triggers;

namespace Runbooks.Workflows.Definitions;

/// <summary>
/// The runbooks that this process can run: published versions from the store, checked. One that can't run is refused with
/// its reasons, and the others go on.
/// </summary>
public sealed class DefinitionCatalog(IDefinitionStore store, DefinitionReader reader)
{
    private readonly ConcurrentDictionary<string, WorkflowDefinition> latest = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Id, int Version), WorkflowDefinition> versions = new();
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

    public WorkflowDefinition? Latest(string definitionId) => latest.GetValueOrDefault(definitionId);

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
            var json = definition.Uses.Count == 0 ? definition.Json : Composition.Pinned(definition.Json, used => latest[used].Version);
            var stored = await store.PublishAsync(id, Hash(json), json, source, cancellationToken);
            var published = definition with { Version = stored.Version, Json = json, Uses = [.. definition.Uses.Select(u => u with { Version = u.Version ?? latest[u.DefinitionId].Version })] };
            latest[id] = published;
            versions[(id, stored.Version)] = published;
        }

        Triggers = TriggerIndex.Of(latest.Values);
        Changed?.Invoke(this, EventArgs.Empty);
        return [.. sources.SelectMany(s => refused.GetValueOrDefault(s.Source) ?? [])];
    }

    /// <summary>A version by number, for a run that is pinned to it; null when it is unknown or can't run any more.</summary>
    public async Task<WorkflowDefinition?> FindAsync(string definitionId, int version, CancellationToken cancellationToken)
    {
        if (versions.TryGetValue((definitionId, version), out var known))
        {
            return known;
        }

        if (await store.FindAsync(definitionId, version, cancellationToken) is not { } stored)
        {
            return null;
        }

        // What is published uses versions that were published before it: this comes to an end.
        foreach (var reference in Composition.References(DefinitionJson.Parse(stored.Json, new ProblemList(stored.Source))).Where(r => r.Version is not null))
        {
            _ = await FindAsync(reference.DefinitionId, reference.Version!.Value, cancellationToken);
        }

        return reader.Read(stored.Json, $"{definitionId} version {version}", version, r => Find(r, null)).Definition is { } definition
            ? versions.GetOrAdd((definitionId, version), definition)
            : null;
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
                foreach (var activity in definition.ByNodeId.Values.Where(a => a is ICallsWorkflow))
                {
                    if (((ICallsWorkflow)activity).WorkflowDefinitionId.Expression is Expression.Literal { Value: { } value }
                        && !good.ContainsKey(value.ToString()) && !latest.ContainsKey(value.ToString()))
                    {
                        refused[source] = [new DefinitionProblem(source, activity.Id, $"It calls the runbook '{value}', which does not exist or was refused. Known: {string.Join(", ", good.Keys.Where(k => !string.Equals(k, id, StringComparison.Ordinal)).Order(StringComparer.Ordinal))}.")];
                        again |= good.Remove(id);
                    }
                }
            }
        }
    }

    private static string Hash(string json)
    {
        var canonical = JsonNode.Parse(json, documentOptions: DefinitionJson.Options)!.ToJsonString();
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
    }
}
