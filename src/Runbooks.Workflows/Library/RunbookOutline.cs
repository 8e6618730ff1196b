using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;

namespace Runbooks.Workflows.Library;

/// <summary>What lists show of a version: read without building the whole tree of its activities.</summary>
public sealed record RunbookOutline(string Name, string Description, string? ToolVersion, bool IsSystem)
{
    public static RunbookOutline Of(RunbookVersion version)
    {
        ArgumentNullException.ThrowIfNull(version);
        using var json = JsonDocument.Parse(version.Json, new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = DefinitionJson.MaxJsonDepth });
        string? name = null, description = null, tool = null;
        var isSystem = false;
        foreach (var field in json.RootElement.EnumerateObject())
        {
            switch (field.Name.ToUpperInvariant(), field.Value.ValueKind)
            {
                case ("NAME", JsonValueKind.String):
                    name = field.Value.GetString();
                    break;
                case ("DESCRIPTION", JsonValueKind.String):
                    description = field.Value.GetString();
                    break;
                case ("TOOLVERSION", JsonValueKind.String):
                    tool = field.Value.GetString();
                    break;
                case ("ISSYSTEM", JsonValueKind.True):
                    isSystem = true;
                    break;
            }
        }

        return new RunbookOutline(name is { Length: > 0 } ? name : version.DefinitionId, description ?? "", tool, isSystem);
    }
}
