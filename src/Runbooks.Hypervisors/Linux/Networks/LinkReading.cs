using System.Text.Json;
using System.Text.RegularExpressions;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Linux.Networks;

/// <summary>A link of a Linux host.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it is: bridge, vlan, tun …; empty for a machine's own.</param>
/// <param name="IsUp">It is switched on.</param>
/// <param name="IsOfGuest">The host's end of a guest's interface.</param>
/// <param name="Master">The bridge that it is a port of.</param>
/// <param name="Parent">The link below a VLAN.</param>
/// <param name="Vlan">A VLAN's number.</param>
/// <param name="Alias">Its alias.</param>
internal sealed record LinuxLink(string Name, string Kind, bool IsUp, bool IsOfGuest, string? Master, string? Parent, int? Vlan, string? Alias)
{
    public bool IsBridge => Kind is "bridge" or "openvswitch";
}

/// <summary>The links of a host, from <c>ip -json -details link show</c>, and the networks that they are.</summary>
internal static partial class LinkReading
{
    /// <summary>The alias of a link that we made.</summary>
    public const string OurAlias = "runbooks";

    /// <summary>The bus on which Xen's first domain has the other ends of its guests' interfaces.</summary>
    private const string XenBackends = "xen-backend";

    public static bool TryRead(string text, out Dictionary<string, LinuxLink> links, out string problem)
    {
        links = new(StringComparer.Ordinal);
        try
        {
            using var document = JsonDocument.Parse(text);
            foreach (var link in document.RootElement.EnumerateArray())
            {
                var name = Text(link, "ifname") ?? throw new JsonException("a link has no name");
                var kind = link.TryGetProperty("linkinfo", out var info) ? Text(info, "info_kind") ?? string.Empty : string.Empty;
                var isVlan = kind == "vlan";
                links[name] = new LinuxLink(
                    name,
                    kind,
                    link.TryGetProperty("flags", out var flags) && flags.EnumerateArray().Any(f => f.GetString() == "UP"),
                    kind == "tun" || Text(link, "parentbus") == XenBackends || XenInterface().IsMatch(name),
                    Text(link, "master"),
                    isVlan ? Text(link, "link") : null,
                    isVlan && info.TryGetProperty("info_data", out var data) && data.TryGetProperty("id", out var id) ? id.GetInt32() : null,
                    Text(link, "ifalias"));
            }

            problem = string.Empty;
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            problem = $"'ip link' did not answer with links: {e.Message}";
            return false;
        }
    }

    /// <summary>The bridges and interfaces that are up.</summary>
    /// <param name="links">The links of the host.</param>
    /// <param name="owners">Bridges that are part of a virtual network, with its name.</param>
    public static IEnumerable<HostNetwork> Networks(IReadOnlyDictionary<string, LinuxLink> links, IReadOnlyDictionary<string, string> owners) =>
        links.Values.Where(l => l.IsUp && !l.IsOfGuest).Select(l => l.IsBridge ? Bridge(l, links, owners) : new HostNetwork(NetworkKind.HostInterface, l.Name));

    private static HostNetwork Bridge(LinuxLink bridge, IReadOnlyDictionary<string, LinuxLink> links, IReadOnlyDictionary<string, string> owners)
    {
        // What is a port and not a guest's leads out.
        var port = links.Values.Where(l => l.Master == bridge.Name && l is { IsOfGuest: false, IsBridge: false }).MinBy(l => l.Name, StringComparer.Ordinal);
        return new HostNetwork(NetworkKind.Bridge, bridge.Name, port?.Vlan, port?.Parent ?? port?.Name)
        {
            IsOurs = bridge.Alias == OurAlias,
            OnlyByHand = bridge.Kind == "openvswitch" ? "it is a bridge of Open vSwitch"
                : owners.TryGetValue(bridge.Name, out var owner) ? $"it belongs to the virtual network '{owner}'"
                : null,
        };
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>For an iproute2 that does not tell the bus.</summary>
    [GeneratedRegex(@"\Avif[0-9]+\.[0-9]+\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex XenInterface();
}
