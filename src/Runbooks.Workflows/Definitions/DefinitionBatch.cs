using System.Collections.Concurrent;

namespace Runbooks.Workflows.Definitions;

/// <summary>Definitions that are loaded together, in the order in which they can be read: what is used comes first.</summary>
internal sealed class DefinitionBatch
{
    private readonly List<(string Source, string Json)> ordered = [];
    private readonly HashSet<WorkflowReference> pinned = [];

    /// <param name="sources">The definitions.</param>
    /// <param name="refused">Where those that contain each other are noted.</param>
    public DefinitionBatch(IReadOnlyList<(string Source, string Json)> sources, ConcurrentDictionary<string, IReadOnlyList<DefinitionProblem>> refused)
    {
        var bySource = sources.Select(s => (s.Source, s.Json, Outline: Outline(s.Json))).ToArray();
        var byId = bySource.Where(s => s.Outline.Id is not null).GroupBy(s => s.Outline.Id!, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);

        // A pinned version is published already, so it is not waited for; but who contains himself by it is found on reading.
        var uses = byId.ToDictionary(
            d => d.Key,
            IReadOnlyList<string> (d) => [.. d.Value.Outline.Uses.Where(u => u.Version is null).Select(u => u.DefinitionId)],
            StringComparer.Ordinal);
        var (order, circles) = Composition.Sort(uses);
        Ids = order;
        pinned.UnionWith(bySource.SelectMany(s => s.Outline.Uses).Where(u => u.Version is not null));
        foreach (var (id, circle) in circles)
        {
            refused[byId[id].Source] = [new DefinitionProblem(byId[id].Source, null, $"Workflow '{id}' would contain itself: {circle}. Start one of them as a run of its own instead (Elsa.ExecuteWorkflow).")];
        }

        ordered.AddRange(order.Where(id => !circles.ContainsKey(id)).Select(id => (byId[id].Source, byId[id].Json)));

        // What has no id, or the id of another, comes last, and is refused with its reason.
        var first = byId.Values.Select(d => d.Source).ToHashSet(StringComparer.Ordinal);
        ordered.AddRange(bySource.Where(s => !first.Contains(s.Source)).Select(s => (s.Source, s.Json)));
    }

    public IReadOnlyList<(string Source, string Json)> InOrder => ordered;

    /// <summary>Ids in the order in which they are published.</summary>
    public IReadOnlyList<string> Ids { get; }

    /// <summary>Versions that the definitions name themselves.</summary>
    public IReadOnlyCollection<WorkflowReference> Pinned => pinned;

    private static (string? Id, IReadOnlyList<WorkflowReference> Uses) Outline(string json)
    {
        // Whatever is wrong with it is told when it is read.
        var top = json.Length > DefinitionReader.MaxCharacters ? null : DefinitionJson.Parse(json, new ProblemList(""));
        return (top is null ? null : DefinitionJson.Text(top, "definitionId"), Composition.References(top));
    }
}
