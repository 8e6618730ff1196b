namespace Runbooks.Server.Configuration;

/// <summary>Section <c>Workflows</c>.</summary>
public sealed class WorkflowsOptions
{
    public const string Section = "Workflows";

    /// <summary>The folder with the runbooks (*.json). Relative to the working directory, else to the program.</summary>
    public string Folder { get; set; } = "workflows";

    /// <summary>The folder that is meant; the first of the two that exists.</summary>
    public string ResolvedFolder =>
        new[] { Path.GetFullPath(Folder), Path.Combine(AppContext.BaseDirectory, Folder) }.FirstOrDefault(Directory.Exists) ?? Path.GetFullPath(Folder);
}
