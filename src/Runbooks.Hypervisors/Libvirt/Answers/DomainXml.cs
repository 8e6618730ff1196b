using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Libvirt.Answers;

/// <summary>libvirt's XML, read without entities, document types or anything else that reaches outside of it.</summary>
internal static class SafeXml
{
    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = 16 * 1024 * 1024,
    };

    public static bool TryRead(string text, [NotNullWhen(true)] out XElement? root, out string problem)
    {
        try
        {
            using var lines = new StringReader(text);
            using var reader = XmlReader.Create(lines, Settings);
            root = XElement.Load(reader);
            problem = string.Empty;
            return true;
        }
        catch (XmlException e)
        {
            root = null;
            problem = $"it is no XML: {e.Message}";
            return false;
        }
    }
}

/// <summary>What we read of a domain's XML.</summary>
internal static class DomainXml
{
    /// <summary>
    /// The interfaces that are plugged into something of the host. QEMU's own user network and devices that are handed
    /// through need no network.
    /// </summary>
    public static IReadOnlyList<VmInterface> Interfaces(XElement domain) =>
        [.. from plug in domain.Elements("devices").Elements("interface")
            let source = plug.Element("source")
            where source is not null
            let to = (string?)plug.Attribute("type") switch
            {
                "bridge" => (Kind: NetworkKind.Bridge, Name: (string?)source.Attribute("bridge")),
                "network" => (Kind: NetworkKind.VirtualNetwork, Name: (string?)source.Attribute("network")),
                "direct" => (Kind: NetworkKind.HostInterface, Name: (string?)source.Attribute("dev")),
                _ => default((NetworkKind Kind, string? Name)),
            }
            where to.Name is not null
            select new VmInterface((string?)plug.Element("mac")?.Attribute("address") ?? string.Empty, to.Kind, to.Name!, Tag(plug))];

    /// <summary>Paths of the disks that are files or devices of the host.</summary>
    public static IReadOnlyList<string> Disks(XElement domain) =>
        [.. from disk in domain.Elements("devices").Elements("disk")
            let source = disk.Element("source")
            let path = (string?)source?.Attribute("file") ?? (string?)source?.Attribute("dev")
            where path is not null
            select path];

    /// <summary>Whether the guest has libvirt's channel for its agent.</summary>
    public static bool HasAgentChannel(XElement domain) =>
        domain.Elements("devices").Elements("channel").Any(c => (string?)c.Element("target")?.Attribute("name") == "org.qemu.guest_agent.0");

    /// <summary>The one tag of an interface; several are a trunk, which has no number.</summary>
    private static int? Tag(XElement plug) =>
        plug.Elements("vlan").Elements("tag").ToArray() is [var tag]
        && int.TryParse((string?)tag.Attribute("id"), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
}
