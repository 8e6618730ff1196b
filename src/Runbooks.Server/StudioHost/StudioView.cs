namespace Runbooks.Server.StudioHost;

/// <summary>One of the elements of Elsa Studio, on a page of ours.</summary>
/// <param name="Path">The page.</param>
/// <param name="Title">The page's title.</param>
/// <param name="Element">The element's name.</param>
/// <param name="Subject">The runbook or run that it shows; null: it is a list.</param>
public sealed record StudioView(string Path, string Title, string Element, string? Subject)
{
    /// <summary>The attribute by which the element learns its subject.</summary>
    public string? Attribute { get; private init; }

    public static StudioView Runbooks() => new("/runbooks", "Runbooks", "elsa-workflow-definition-list", null);

    public static StudioView Editor(string id) => new($"/runbooks/{Uri.EscapeDataString(id)}", id, "elsa-workflow-definition-editor", id) { Attribute = "definition-id" };

    public static StudioView Runs() => new("/instances", "Runs", "elsa-workflow-instance-list", null);

    public static StudioView Viewer(string id) => new($"/instances/{Uri.EscapeDataString(id)}", id, "elsa-workflow-instance-viewer", id) { Attribute = "instance-id" };
}
