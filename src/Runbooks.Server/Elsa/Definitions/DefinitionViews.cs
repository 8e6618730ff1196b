using System.Text.Json.Nodes;
using Runbooks.Server.Access;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Library.Forms;

namespace Runbooks.Server.Elsa.Definitions;

/// <summary>Definitions as Studio reads them. Links say what somebody may do: without them Studio is read-only.</summary>
internal sealed class DefinitionViews(RunbookEditor editor)
{
    public JsonObject Definition(RunbookVersion version, Person person)
    {
        var shown = DesignerForm.Of(version, editor.IsKnown, isReadonly: !person.May(Permission.Edit));
        shown["links"] = Links(version, person);
        return shown;
    }

    public static JsonObject Summary(RunbookVersion version, RunbookOutline outline, Person person) => new()
    {
        ["id"] = version.Id.ToString(),
        ["definitionId"] = version.DefinitionId,
        ["tenantId"] = null,
        ["name"] = outline.Name,
        ["description"] = outline.Description,
        ["version"] = version.Version,
        ["toolVersion"] = outline.ToolVersion,
        ["isLatest"] = version.IsLatest,
        ["isPublished"] = version.State == VersionState.Published,
        ["isReadonly"] = !person.May(Permission.Edit),
        ["isSystem"] = outline.IsSystem,
        ["providerName"] = version.IsShipped ? "Files" : null,
        ["materializerName"] = "Json",
        ["isMaterializerAvailable"] = true,
        ["createdAt"] = version.CreatedAt,
        ["links"] = Links(version, person),
    };

    public static JsonArray ListLinks(Person person)
    {
        var links = new JsonArray { Link("", "self", "GET"), Link("/query/count", "count", "GET"), Link("/many-by-id", "many-by-id", "GET"), Link("/validation/is-name-unique", "is-name-unique", "GET") };
        if (person.May(Permission.Edit))
        {
            // Studio offers Create and Import only beside this one; whether somebody may publish is settled when they do.
            Add(links, ("/bulk-actions/publish/workflow-definitions/by-definition-ids", "bulk-publish", "POST"), ("/workflow-definitions/import", "import", "POST"), ("/workflow-definitions/import-files", "import-files", "POST"), ("/workflow-definitions", "create", "POST"));
        }

        if (person.May(Permission.Publish))
        {
            Add(
                links,
                ("/bulk-actions/retract/workflow-definitions/by-definition-ids", "bulk-retract", "POST"),
                ("/bulk-actions/delete/workflow-definitions/by-definition-id", "bulk-delete-by-definition-id", "POST"),
                ("/bulk-actions/delete/workflow-definitions/by-id", "bulk-delete-by-id", "POST"));
        }

        return links;
    }

    private static JsonArray Links(RunbookVersion version, Person person)
    {
        var id = Uri.EscapeDataString(version.DefinitionId);
        var links = new JsonArray { Link($"/by-id/{version.Id}", "self", "GET"), Link($"/{id}/versions", "versions", "GET"), Link($"/{id}/export", "export", "GET") };
        if (person.May(Permission.Run))
        {
            Add(links, ($"/workflow-definitions/{id}/dispatch", "dispatch", "POST"), ($"/workflow-definitions/{id}/execute", "execute", "POST"));
        }

        if (person.May(Permission.Edit))
        {
            // Without the link to publish Studio lets nobody edit; whether somebody may publish is settled when they do.
            Add(links, ($"/workflow-definitions/{id}/publish", "publish", "POST"), ($"/workflow-definitions/{id}/import", "import", "PUT"));
        }

        if (person.May(Permission.Publish))
        {
            Add(links, ($"/workflow-definitions/{id}/retract", "retract", "POST"), ($"/workflow-definitions/{id}", "delete", "DELETE"), ($"/workflow-definitions/{id}/update-references", "update-references", "POST"));
        }

        return links;
    }

    private static void Add(JsonArray links, params (string Href, string Rel, string Method)[] more)
    {
        foreach (var (href, rel, method) in more)
        {
            links.Add(new JsonObject { ["href"] = href, ["rel"] = rel, ["method"] = method });
        }
    }

    private static JsonObject Link(string path, string rel, string method) => new() { ["href"] = "/workflow-definitions" + path, ["rel"] = rel, ["method"] = method };
}
