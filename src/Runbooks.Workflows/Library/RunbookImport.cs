using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Library.Forms;

namespace Runbooks.Workflows.Library;

/// <summary>A file that somebody brings.</summary>
public sealed record ImportFile(string Name, string Json);

/// <summary>What an import has made.</summary>
/// <param name="Versions">The newest version of each runbook, in the order of the files; a draft where something was changed.</param>
/// <param name="Changed">How many of them were changed.</param>
/// <param name="Problems">Why nothing was imported; with the name of the file. Empty when all was.</param>
public sealed record ImportAnswer(IReadOnlyList<RunbookVersion> Versions, int Changed, IReadOnlyList<string> Problems);

/// <summary>Brings definitions from files into the library, as drafts: all of them, or none.</summary>
public sealed class RunbookImport(IRunbookLibrary library)
{
    public async Task<ImportAnswer> ImportAsync(IReadOnlyList<ImportFile> files, Editor editor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(files);
        var problems = new List<string>();
        var drafts = new List<(DraftToSave Draft, string File)>();
        foreach (var file in files)
        {
            var (draft, wrong) = Read(file);
            problems.AddRange(wrong);
            if (draft is not null && drafts.Find(d => d.Draft.DefinitionId == draft.DefinitionId) is { File: { } other })
            {
                problems.Add($"{file.Name}: its definitionId '{draft.DefinitionId}' is that of {other} too. Import one of them.");
            }
            else if (draft is not null)
            {
                drafts.Add((draft, file.Name));
            }
        }

        if (files.Count == 0)
        {
            problems.Add("There is no definition in what was sent: send *.json files, or a zip of them.");
        }

        if (problems.Count > 0)
        {
            return new ImportAnswer([], 0, problems);
        }

        var latest = new Dictionary<string, RunbookVersion>(StringComparer.Ordinal);
        var changed = new List<DraftToSave>();
        foreach (var (draft, _) in drafts)
        {
            if (await library.LatestAsync(draft.DefinitionId, cancellationToken) is { } there && Meaning.Same(there.Json, draft.Json))
            {
                latest[draft.DefinitionId] = there;
            }
            else
            {
                changed.Add(draft);
            }
        }

        if (changed.Count > 0)
        {
            foreach (var saved in await library.SaveDraftsAsync(changed, editor, LibraryVerbs.Imported, cancellationToken))
            {
                latest[saved.DefinitionId] = saved;
            }
        }

        return new ImportAnswer([.. drafts.Select(d => latest[d.Draft.DefinitionId])], changed.Count, []);
    }

    private static (DraftToSave? Draft, IEnumerable<string> Problems) Read(ImportFile file)
    {
        var problems = new ProblemList(file.Name);
        if (StoredForm.Read(file.Json, problems) is { } definition)
        {
            var id = DefinitionJson.Text(definition, "definitionId") is { Length: > 0 } given ? given : RunbookId.Of(DefinitionJson.Text(definition, "name") ?? "", 1);
            if (RunbookId.Problem(id) is { } wrong)
            {
                problems.Add(null, wrong);
            }
            else if (StoredForm.Of(definition, id, problems) is { } stored)
            {
                return (new DraftToSave(id, stored.ToJsonString(), null), []);
            }
        }

        return (null, problems.All.Select(p => p.ToString()));
    }
}
