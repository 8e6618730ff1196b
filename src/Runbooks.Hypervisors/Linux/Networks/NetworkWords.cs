using System.Text.RegularExpressions;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Linux.Networks;

/// <summary>What a word of the scripts means, and which networks are not even asked for.</summary>
internal static partial class NetworkWords
{
    /// <summary>The longest name that Linux gives to an interface.</summary>
    private const int LongestLink = 15;

    /// <summary>Null when the script did what was wanted.</summary>
    public static HypervisorFault? Judge(HostName host, HostNetwork network, string output)
    {
        var words = output.Trim().Split((char[])[' ', '\n'], 2);
        var (said, more) = (words[0], words.Length > 1 ? $" {string.Join(' ', words[1].Split((char[])['\n', ' '], StringSplitOptions.RemoveEmptyEntries))}" : string.Empty);
        var what = Name(network);
        var port = network.Vlan is { } vlan ? $"{network.Uplink}.{vlan}" : network.Uplink;
        return said switch
        {
            "made" or "there" or "retired" or "removed" or "absent" => null,
            "busy" => Refused($"Somebody has been changing the networks of this host for 20 s; {what} was left alone.", "Try again."),
            "taken" => Refused($"There is an interface '{network.Name}' that is no bridge, so {what} can't be made.", "Give one of them another name."),
            "inactive" => Refused($"The host has {what}, and somebody has stopped it.", $"If it may be used, start it there: virsh net-start {network.Name}"),
            "no-uplink" => Refused($"The host has no interface '{network.Uplink}' by which {what} could reach the world.", "Make the network there by hand, on the interface that leads to the same place."),
            "uplink-down" => Refused($"The interface '{network.Uplink}', by which {what} would reach the world, is switched off.", $"If it is plugged in where it should be: ip link set {network.Uplink} up"),
            "uplink-used" => Refused($"The host itself uses the interface '{network.Uplink}'; it is not made a port of {what}, because that would cut the host off.", "Make the bridge there by hand, with the host's address on it."),
            "vlan-on-bridge" => Refused($"'{network.Uplink}' is a bridge; {what} needs a VLAN of an interface.", "Make the network there by hand."),
            "port-taken" => Refused($"Somebody else uses the interface '{port}', so {what} can't be made on it.", "Look at it there: ip -details link show"),
            "no-vlan" => new(FaultKind.Unsupported, host, $"The host's kernel can't make VLAN interfaces, so {what} can't be made.{more}", "Load the module there: modprobe 8021q"),
            "foreign" => Refused($"We did not make {what}; it is left alone."),
            "not-retired" => Refused($"Somebody has taken {what} into use again; it stays."),
            "used" => Refused($"{Capital(what)} is used{more}; it stays."),
            "unclear" => Refused($"Not every VM of the host could be looked at, so {what} stays.{more}", "It is looked at again when the next VM leaves."),
            "failed" => Refused($"{Capital(what)} could not be changed:{(more.Length > 0 ? more : " no reason was given.")}"),
            _ => new(FaultKind.BadAnswer, host, $"The host answered '{output.Trim()}' about {what}, which makes no sense.", "Look at the host's networks: ip -details link show; virsh net-list --all"),
        };

        HypervisorFault Refused(string message, string? advice = null) => new(FaultKind.Refused, host, message, advice);
    }

    /// <summary>Null when such a network can be asked for.</summary>
    public static HypervisorFault? WhyNotToAsk(HostName host, HostNetwork network) =>
        network.Kind == NetworkKind.HostInterface
            ? new(FaultKind.Unsupported, host, $"'{network.Name}' is an interface of the host; it is there or not.", "Plug in the VM elsewhere, or give the host such an interface.")
        : !PlainName().IsMatch(network.Name)
            ? Refused(host, $"'{network.Name}' is no name for a network: letters, digits, '.', '_' and '-', at most 63.")
        : network.Kind == NetworkKind.Bridge && network.Name.Length > LongestLink
            ? Refused(host, $"The bridge name '{network.Name}' has {network.Name.Length} characters; Linux allows {LongestLink}.")
        : network.Uplink is { } uplink && (!PlainName().IsMatch(uplink) || uplink.Length > LongestLink)
            ? Refused(host, $"'{uplink}' is no name of an interface.")
        : network.Vlan is not (null or (>= 1 and <= 4094))
            ? Refused(host, $"VLAN {network.Vlan} of {Name(network)} does not exist; they go from 1 to 4094.")
        : network is { Vlan: { } vlan, Uplink: null }
            ? Refused(host, $"{Capital(Name(network))} is to be in VLAN {vlan}, but has no uplink.")
        : network.Vlan is { } tag && $"{network.Uplink}.{tag}".Length > LongestLink
            ? Refused(host, $"The VLAN interface '{network.Uplink}.{tag}' of {Name(network)} has more than the {LongestLink} characters that Linux allows.")
        : null;

    public static string Name(HostNetwork network) => network.Kind == NetworkKind.Bridge ? $"bridge '{network.Name}'" : $"virtual network '{network.Name}'";

    private static HypervisorFault Refused(HostName host, string message) => new(FaultKind.Refused, host, message, "Choose another name, the same on all hosts.");

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    /// <summary>A name that we would give to a network: also a file name, and needs no escaping in a shell pattern or in XML.</summary>
    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PlainName();
}
