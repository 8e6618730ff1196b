using System.Xml.Linq;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Answers;
using Runbooks.Hypervisors.Linux.Networks;

namespace Runbooks.Hypervisors.Libvirt.Networks;

/// <summary>libvirt's active virtual networks, from their XML.</summary>
internal static class VirtualNetworkReading
{
    /// <summary>The namespace of our mark in the metadata of a virtual network.</summary>
    public static readonly XNamespace OurMark = "urn:runbooks:network";

    /// <param name="text">XML of virtual networks, one after the other.</param>
    /// <param name="links">The links of the host.</param>
    /// <param name="found">The networks, each with the bridge that libvirt made for it.</param>
    /// <param name="problem">What was not understood.</param>
    public static bool TryRead(string text, IReadOnlyDictionary<string, LinuxLink> links, out IReadOnlyList<(HostNetwork Network, string? OwnBridge)> found, out string problem)
    {
        found = [];
        if (!SafeXml.TryRead($"<all>{text}</all>", out var all, out problem))
        {
            return false;
        }

        found = [.. from xml in all.Elements("network")
                    let network = Read(xml, links)
                    where network is not null
                    select (network, IsOnBridge(xml) ? null : Bridge(xml))];
        return true;
    }

    /// <summary>Null when the interface that it leads out by is not there, so that nobody can use it.</summary>
    private static HostNetwork? Read(XElement network, IReadOnlyDictionary<string, LinuxLink> links)
    {
        var forward = network.Element("forward");
        var mode = forward is null ? "isolated" : (string?)forward.Attribute("mode") ?? "nat";
        var bridge = Bridge(network);
        var leadsOut = (string?)forward?.Element("interface")?.Attribute("dev") ?? (string?)forward?.Attribute("dev");
        var uplink = IsOnBridge(network) ? bridge ?? leadsOut : null;
        if (uplink is not null && !links.ContainsKey(uplink))
        {
            return null;
        }

        var below = IsOnBridge(network) && bridge is null ? links.GetValueOrDefault(uplink ?? string.Empty) : null;
        return new HostNetwork(NetworkKind.VirtualNetwork, (string?)network.Element("name") ?? string.Empty, below?.Vlan, below?.Parent ?? uplink)
        {
            IsOurs = network.Elements("metadata").Elements(OurMark + "network").Any(),
            OnlyByHand = mode is not ("isolated" or "bridge") ? $"the host forwards for it (mode '{mode}')"
                : network.Element("ip") is not null ? "the host has an address in it"
                : network.Element("portgroup") is not null || network.Element("vlan") is not null || network.Element("virtualport") is not null ? "it has port groups or tags of its own"
                : network.Elements("forward").Elements("interface").Skip(1).Any() ? "it leads out by several interfaces"
                : null,
        };
    }

    /// <summary>It is a name for something that the host has; of all others libvirt makes the bridge itself.</summary>
    private static bool IsOnBridge(XElement network) => (string?)network.Element("forward")?.Attribute("mode") == "bridge";

    private static string? Bridge(XElement network) => (string?)network.Element("bridge")?.Attribute("name");
}
