using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Runbooks.Fleet.Model;
using Runbooks.Server.Configuration;
using Runbooks.Server.Fleet;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;

namespace Runbooks.Server.Elsa.Descriptors;

/// <summary>The list of activities as bytes that can be sent as they are.</summary>
internal sealed record DescriptorPage(byte[] Plain, byte[] Gzip, byte[] Brotli, string Tag);

/// <summary>
/// The activities as Studio sees them, made anew when the fleet's names or the runbooks that are usable as activities have
/// changed. Studio asks for all of them whenever a page opens, and an answer that has not changed costs nothing.
/// </summary>
internal sealed class DescriptorBoard(ActivityRegistry registry, DefinitionCatalog catalog, FleetBoard fleet, Settings settings)
{
    private readonly Lock gate = new();
    private (string Key, DescriptorPage Page)? made;

    public DescriptorPage Page
    {
        get
        {
            var lists = Lists();
            var workflows = catalog.Activities.ToArray();
            var key = string.Join('\n', workflows.Select(w => $"{w.WorkflowDefinitionId}:{w.Version}").Prepend(lists.Key));
            lock (gate)
            {
                if (made is not { } known || known.Key != key)
                {
                    made = known = (key, Make(ActivityViews.All([.. registry.Descriptors, .. workflows], lists)));
                }

                return known.Page;
            }
        }
    }

    /// <summary>One activity as it is now; null when there is none of that name.</summary>
    public ActivityView? Find(string typeName) =>
        registry.Descriptors.Concat(catalog.Activities).FirstOrDefault(d => string.Equals(d.TypeName, typeName, StringComparison.OrdinalIgnoreCase)) is { } descriptor
            ? ActivityViews.Of(descriptor, Lists())
            : null;

    private FleetLists Lists() => FleetLists.Of(fleet.Latest?.Snapshot ?? FleetSnapshot.Empty, settings.Policy);

    private static DescriptorPage Make(IReadOnlyList<ActivityView> views)
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(new { items = views, count = views.Count }, ElsaJson.Options);
        return new DescriptorPage(
            plain,
            Packed(plain, static s => new GZipStream(s, CompressionLevel.Optimal)),
            Packed(plain, static s => new BrotliStream(s, CompressionLevel.Optimal)),
            Convert.ToHexStringLower(SHA256.HashData(plain))[..16]);
    }

    private static byte[] Packed(byte[] bytes, Func<Stream, Stream> pack)
    {
        using var packed = new MemoryStream();
        using (var stream = pack(packed))
        {
            stream.Write(bytes);
        }

        return packed.ToArray();
    }
}
