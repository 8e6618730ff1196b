using System.Text.Json;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Xen.Answers;

/// <summary>What of its host a VM is plugged into.</summary>
/// <param name="Disks">Paths of its disks that are files or devices of the host.</param>
/// <param name="Interfaces">Its interfaces that are plugged into a bridge.</param>
internal sealed record XenDevices(IReadOnlyList<string> Disks, IReadOnlyList<VmInterface> Interfaces)
{
    /// <summary>Scripts that plug an interface into no bridge.</summary>
    private static readonly string[] WithoutBridge = ["vif-route", "vif-nat"];

    /// <summary>Of a VM that is off, by its definition.</summary>
    /// <param name="definition">The definition.</param>
    /// <param name="defaultBridge">The bridge of an interface that names none.</param>
    public static XenDevices Of(XlConfig definition, string defaultBridge)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return new XenDevices(
            [.. definition.List("disk").Select(PathOf).OfType<string>()],
            [.. definition.List("vif").Select(v => InterfaceOf(XlConfig.Fields(v), defaultBridge)).OfType<VmInterface>()]);
    }

    /// <summary>Of a running domain, by <c>xl list -l</c>. False, with the reason, for another answer.</summary>
    public static bool TryRead(string text, string defaultBridge, out XenDevices devices, out string problem) => XenDomainJson.TryRead(
        text,
        config => new XenDevices(
            [.. Items(config, "disks").Select(d => Text(d, "pdev_path")).Where(p => p.StartsWith('/'))],
            [.. Items(config, "nics")
                .Select(n => InterfaceOf(new Dictionary<string, string>(StringComparer.Ordinal) { ["mac"] = Text(n, "mac"), ["bridge"] = Text(n, "bridge"), ["script"] = Text(n, "script") }, defaultBridge))
                .OfType<VmInterface>()]),
        out devices,
        out problem);

    /// <summary>
    /// The path in a disk's description: the keyword <c>target=</c>, which comes last and may hold anything, or the first
    /// word, of which old descriptions begin with a driver. Null for an empty drive.
    /// </summary>
    private static string? PathOf(string disk)
    {
        var at = disk.IndexOf("target=", StringComparison.Ordinal);
        var path = at >= 0 ? disk[(at + "target=".Length)..].Trim() : disk.Split(',')[0].Trim();
        if (at < 0)
        {
            var ofDevice = path.StartsWith("phy:", StringComparison.Ordinal);
            while (path.IndexOf(':', StringComparison.Ordinal) is var colon and > 0 && !path.StartsWith('/'))
            {
                path = path[(colon + 1)..];
            }

            path = ofDevice && path.Length > 0 && !path.StartsWith('/') ? $"/dev/{path}" : path;
        }

        return path.StartsWith('/') ? path : null;
    }

    private static VmInterface? InterfaceOf(Dictionary<string, string> fields, string defaultBridge)
    {
        var script = fields.GetValueOrDefault("script", string.Empty);
        var bridge = fields.GetValueOrDefault("bridge", string.Empty);
        return WithoutBridge.Any(s => script.EndsWith(s, StringComparison.Ordinal))
            ? null
            : new VmInterface(fields.GetValueOrDefault("mac", string.Empty).ToLowerInvariant(), NetworkKind.Bridge, bridge.Length > 0 ? bridge : defaultBridge);
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement element, string name) =>
        element.TryGetProperty(name, out var items) ? items.EnumerateArray() : default;

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : string.Empty;
}
