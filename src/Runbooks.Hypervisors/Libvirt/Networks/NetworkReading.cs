using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Answers;

namespace Runbooks.Hypervisors.Libvirt.Networks;

/// <summary>
/// The networks of a host from three answers: its links, the names of the retired ones, and its active virtual networks.
/// </summary>
internal static partial class NetworkReading
{
    /// <summary>The alias of a link that we made.</summary>
    public const string OurAlias = "runbooks";

    /// <summary>The namespace of our mark in the metadata of a virtual network.</summary>
    public static readonly XNamespace OurMark = "urn:runbooks:network";

    /// <param name="Name">Its name.</param>
    /// <param name="Kind">What it is: bridge, vlan, tun …; empty for a machine's own.</param>
    /// <param name="IsUp">It is switched on.</param>
    /// <param name="Master">The bridge that it is a port of.</param>
    /// <param name="Parent">The link below a VLAN.</param>
    /// <param name="Vlan">A VLAN's number.</param>
    /// <param name="Alias">Its alias.</param>
    private sealed record Link(string Name, string Kind, bool IsUp, string? Master, string? Parent, int? Vlan, string? Alias);

    /// <param name="links">JSON of <c>ip -json -details link show</c>.</param>
    /// <param name="retired">File names, <c>kind-name</c>.</param>
    /// <param name="networks">XML of virtual networks, one after the other.</param>
    /// <param name="found">The networks that are up.</param>
    /// <param name="problem">What was not understood.</param>
    public static bool TryRead(string links, IReadOnlyCollection<string> retired, string networks, out IReadOnlyList<HostNetwork> found, out string problem)
    {
        found = [];
        if (!TryReadLinks(links, out var known, out problem) || !SafeXml.TryRead($"<all>{networks}</all>", out var all, out problem))
        {
            return false;
        }

        var virtualNetworks = all.Elements("network").ToArray();
        var owned = virtualNetworks
            .Where(n => (string?)n.Element("forward")?.Attribute("mode") != "bridge" && n.Element("bridge")?.Attribute("name") is not null)
            .ToDictionary(n => (string)n.Element("bridge")!.Attribute("name")!, Name, StringComparer.Ordinal);
        found =
        [
            .. from network in known.Values.Where(l => l.IsUp && l.Kind is "bridge" or "openvswitch").Select(l => Bridge(l, known, owned))
                    .Concat(virtualNetworks.Select(n => Virtual(n, known)).OfType<HostNetwork>())
                    .Concat(known.Values.Where(l => l.IsUp && l.Kind is not ("bridge" or "openvswitch" or "tun")).Select(l => new HostNetwork(NetworkKind.HostInterface, l.Name)))
               orderby network.Kind, network.Name
               select network with { IsRetired = network.IsOurs && retired.Contains(NetworkScripts.RetiredName(network)) },
        ];
        return true;
    }

    private static HostNetwork Bridge(Link bridge, Dictionary<string, Link> known, Dictionary<string, string> owned)
    {
        // Guests are plugged in by taps; what else is a port leads out.
        var port = known.Values.Where(l => l.Master == bridge.Name && l.Kind is not ("tun" or "bridge")).MinBy(l => l.Name, StringComparer.Ordinal);
        return new HostNetwork(NetworkKind.Bridge, bridge.Name, port?.Vlan, port?.Parent ?? port?.Name)
        {
            IsOurs = bridge.Alias == OurAlias,
            OnlyByHand = bridge.Kind == "openvswitch" ? "it is a bridge of Open vSwitch"
                : owned.TryGetValue(bridge.Name, out var owner) ? $"it belongs to the virtual network '{owner}'"
                : null,
        };
    }

    /// <summary>Null when the interface that it leads out by is not there, so that nobody can use it.</summary>
    private static HostNetwork? Virtual(XElement network, Dictionary<string, Link> known)
    {
        var forward = network.Element("forward");
        var mode = forward is null ? "isolated" : (string?)forward.Attribute("mode") ?? "nat";
        var bridge = (string?)network.Element("bridge")?.Attribute("name");
        var leadsOut = (string?)forward?.Element("interface")?.Attribute("dev") ?? (string?)forward?.Attribute("dev");
        var uplink = mode == "bridge" ? bridge ?? leadsOut : null;
        if (uplink is not null && !known.ContainsKey(uplink))
        {
            return null;
        }

        var below = mode == "bridge" && bridge is null ? known.GetValueOrDefault(uplink ?? string.Empty) : null;
        return new HostNetwork(NetworkKind.VirtualNetwork, Name(network), below?.Vlan, below?.Parent ?? uplink)
        {
            IsOurs = network.Elements("metadata").Elements(OurMark + "network").Any(),
            OnlyByHand = mode is not ("isolated" or "bridge") ? $"the host forwards for it (mode '{mode}')"
                : network.Element("ip") is not null ? "the host has an address in it"
                : network.Element("portgroup") is not null || network.Element("vlan") is not null || network.Element("virtualport") is not null ? "it has port groups or tags of its own"
                : network.Elements("forward").Elements("interface").Skip(1).Any() ? "it leads out by several interfaces"
                : null,
        };
    }

    private static string Name(XElement network) => (string?)network.Element("name") ?? string.Empty;

    private static bool TryReadLinks(string text, out Dictionary<string, Link> links, out string problem)
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
                links[name] = new Link(
                    name,
                    kind,
                    link.TryGetProperty("flags", out var flags) && flags.EnumerateArray().Any(f => f.GetString() == "UP"),
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

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A name that we would give to a network: also a file name, and needs no escaping in a shell pattern or in XML.</summary>
    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    public static partial Regex PlainName();
}
