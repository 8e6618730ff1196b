using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Activities.Networks;

/// <summary>What has to be done on a host so that a VM can be plugged in there.</summary>
/// <param name="Needed">Networks that the VM needs there, those that others lead out by first.</param>
/// <param name="ToCreate">Those of them that are missing and can be made, in the order in which they are to be made.</param>
/// <param name="Problems">Those that are missing or wrong and can't be made: what, and what to do.</param>
public sealed record NetworkPlan(IReadOnlyList<HostNetwork> Needed, IReadOnlyList<HostNetwork> ToCreate, IReadOnlyList<string> Problems)
{
    /// <summary>Decides. Networks are the same when kind and name are.</summary>
    /// <param name="interfaces">What the VM is plugged into.</param>
    /// <param name="source">Where it is, and the networks there.</param>
    /// <param name="destination">Where it goes, and the networks there.</param>
    public static NetworkPlan For(
        IEnumerable<VmInterface> interfaces,
        (HostName Host, IReadOnlyList<HostNetwork> Networks) source,
        (HostName Host, IReadOnlyList<HostNetwork> Networks) destination)
    {
        ArgumentNullException.ThrowIfNull(interfaces);
        var toCreate = new List<HostNetwork>();
        var problems = new List<string>();
        var needed = NeededBy(interfaces, source.Networks);
        foreach (var network in needed)
        {
            var there = Find(destination.Networks, network.Kind, network.Name);
            var here = Find(source.Networks, network.Kind, network.Name);
            if (there is { IsRetired: false })
            {
                if (here is { Vlan: { } a } && there.Vlan is { } b && a != b)
                {
                    problems.Add($"{Name(network)} is in VLAN {a} on {source.Host} and in VLAN {b} on {destination.Host}. Give one of them another name.");
                }
            }
            else if (network.Kind == NetworkKind.HostInterface)
            {
                problems.Add($"{destination.Host} has no interface '{network.Name}', which the VM shares with its host. Plug the VM into a network that both hosts have.");
            }
            else if (there is null && here is null)
            {
                problems.Add($"{destination.Host} has no {Name(network)}, and on {source.Host} it can't be seen what it would have to be. Make it by hand.");
            }
            else if (there is null && here?.OnlyByHand is { } why)
            {
                problems.Add($"{destination.Host} has no {Name(network)}, and it is not made for you, because {why}. Make it there by hand.");
            }
            else
            {
                toCreate.Add(there ?? here! with { IsOurs = false, IsRetired = false });
            }
        }

        return new NetworkPlan(needed, toCreate, problems);
    }

    /// <summary>
    /// The networks that interfaces need, each once. A virtual network that leads out by a bridge of the host needs that
    /// bridge too, before itself.
    /// </summary>
    public static IReadOnlyList<HostNetwork> NeededBy(IEnumerable<VmInterface> interfaces, IReadOnlyList<HostNetwork> onHost)
    {
        ArgumentNullException.ThrowIfNull(interfaces);
        ArgumentNullException.ThrowIfNull(onHost);
        var needed = new List<HostNetwork>();
        foreach (var plug in interfaces)
        {
            var network = Find(onHost, plug.Kind, plug.Network) ?? new HostNetwork(plug.Kind, plug.Network);
            if (network is { Kind: NetworkKind.VirtualNetwork, Uplink: { } uplink } && Find(onHost, NetworkKind.Bridge, uplink) is { } bridge)
            {
                Add(bridge);
            }

            Add(network);
        }

        return needed;

        void Add(HostNetwork network)
        {
            if (Find(needed, network.Kind, network.Name) is null)
            {
                needed.Add(network);
            }
        }
    }

    public static HostNetwork? Find(IEnumerable<HostNetwork> networks, NetworkKind kind, string name) =>
        networks.FirstOrDefault(n => n.Kind == kind && string.Equals(n.Name, name, StringComparison.Ordinal));

    public static string Name(HostNetwork network)
    {
        ArgumentNullException.ThrowIfNull(network);
        return network.Kind switch
        {
            NetworkKind.Bridge => $"bridge '{network.Name}'",
            NetworkKind.VirtualNetwork => $"virtual network '{network.Name}'",
            _ => $"interface '{network.Name}'",
        };
    }
}

/// <summary>Networks as JSON, for the outputs of a step.</summary>
internal static class NetworkJson
{
    public static JsonArray Write(IEnumerable<HostNetwork> networks) =>
        [.. networks.Select(n => (JsonNode)new JsonObject { ["kind"] = n.Kind.ToString(), ["name"] = n.Name, ["vlan"] = n.Vlan, ["uplink"] = n.Uplink })];

    /// <summary>What is not understood is left out: it was not written by us.</summary>
    public static IReadOnlyList<HostNetwork> Read(JsonNode? networks) =>
        [.. from node in networks as JsonArray ?? []
            let network = node as JsonObject
            where network is not null && Enum.TryParse<NetworkKind>((string?)network["kind"], out _)
            select new HostNetwork(Enum.Parse<NetworkKind>((string)network["kind"]!), (string)network["name"]!, (int?)network["vlan"], (string?)network["uplink"])];
}
