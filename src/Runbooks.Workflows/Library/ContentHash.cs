using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Definitions;

namespace Runbooks.Workflows.Library;

/// <summary>The content of a definition as a number: SHA-256 of its JSON without spaces and comments, hexadecimal.</summary>
public static class ContentHash
{
    public static string Of(string json)
    {
        var canonical = JsonNode.Parse(json, documentOptions: DefinitionJson.Options)!.ToJsonString();
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
    }
}
