using System.Text.Json;

namespace Runbooks.Hypervisors.Xen.Answers;

/// <summary>The configuration of one domain, from <c>xl list -l</c>.</summary>
internal static class XenDomainJson
{
    /// <summary>False, with the reason, when the answer is not one domain, or <paramref name="read"/> misses something in it.</summary>
    public static bool TryRead<T>(string text, Func<JsonElement, T> read, out T found, out string problem)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            found = read(document.RootElement.EnumerateArray().Single().GetProperty("config"));
            problem = string.Empty;
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            found = default!;
            problem = $"'xl list -l' did not answer with one domain: {e.Message}";
            return false;
        }
    }
}
