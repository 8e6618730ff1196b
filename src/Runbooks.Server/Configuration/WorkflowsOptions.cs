namespace Runbooks.Server.Configuration;

/// <summary>Section <c>Workflows</c>.</summary>
public sealed class WorkflowsOptions
{
    public const string Section = "Workflows";

    /// <summary>The folder with the runbooks (*.json). Relative to the working directory, else to the program.</summary>
    public string Folder { get; set; } = "workflows";

    /// <summary>What Run does in the designer while a draft is open: a dry run of it, or nothing. A draft never runs for real.</summary>
    public DraftRuns DraftRuns { get; set; } = DraftRuns.Dry;

    /// <summary>The folder that is meant; the first of the two that exists.</summary>
    public string ResolvedFolder =>
        new[] { Path.GetFullPath(Folder), Path.Combine(AppContext.BaseDirectory, Folder) }.FirstOrDefault(Directory.Exists) ?? Path.GetFullPath(Folder);
}

/// <summary>What becomes of a wish to run a draft.</summary>
public enum DraftRuns
{
    /// <summary>It runs dry: nothing is changed.</summary>
    Dry,

    /// <summary>It is refused.</summary>
    Refused,
}
