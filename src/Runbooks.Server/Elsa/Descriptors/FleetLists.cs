using System.Globalization;
using Runbooks.Activities;
using Runbooks.Fleet.Model;
using Runbooks.Server.Configuration;

namespace Runbooks.Server.Elsa.Descriptors;

/// <summary>Something that can be chosen.</summary>
/// <param name="Text">What people read.</param>
/// <param name="Value">What is written into the runbook.</param>
internal sealed record Choice(string Text, string Value);

/// <summary>What can be chosen from in the fleet at a moment. Only names and what hardly ever changes: Studio keeps it.</summary>
internal sealed class FleetLists
{
    private const string ByPolicy = "The fleet's policy";

    private readonly Dictionary<string, IReadOnlyList<Choice>> lists;

    private FleetLists(Dictionary<string, IReadOnlyList<Choice>> lists)
    {
        this.lists = lists;
        Key = string.Join('\n', lists.SelectMany(l => l.Value.Select(c => $"{l.Key}|{c.Value}|{c.Text}")));
    }

    /// <summary>Equal for equal lists.</summary>
    public string Key { get; }

    public static FleetLists Of(FleetSnapshot fleet, PolicyOptions policy)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        ArgumentNullException.ThrowIfNull(policy);
        return new FleetLists(new Dictionary<string, IReadOnlyList<Choice>>(StringComparer.Ordinal)
        {
            [FleetChoices.Hosts] = [.. fleet.Hosts.Select(h => new Choice($"{h.Name} · {h.Pool}, {h.Cpus} CPUs, {h.MemoryMiB / 1024} GiB", h.Name.Value))],
            [FleetChoices.Vms] = [.. fleet.Vms.DistinctBy(v => v.Name).Select(v => new Choice($"{v.Name} · {v.Vcpus} vCPUs, {v.MemoryMiB} MiB", v.Name.Value))],
            [FleetChoices.Pools] = [new Choice("Any pool", ""), .. fleet.Hosts.Select(h => h.Pool).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(p => new Choice(p, p))],
            [FleetChoices.LoadMin] = [new Choice($"{ByPolicy} ({Share(policy.LoadMin)})", ""), .. Shares(1, 12)],
            [FleetChoices.LoadMax] = [new Choice($"{ByPolicy} ({Share(policy.LoadMax)})", ""), .. Shares(8, 20)],
            [FleetChoices.MinActiveHosts] = [new Choice($"{ByPolicy} ({policy.MinActiveHosts})", ""), .. Enumerable.Range(1, Math.Max(1, fleet.Hosts.Length)).Select(n => new Choice(n.ToString(CultureInfo.InvariantCulture), n.ToString(CultureInfo.InvariantCulture)))],
        });
    }

    /// <summary>What is in a list; nothing when there is no such list.</summary>
    public IReadOnlyList<Choice> Items(string list) => lists.GetValueOrDefault(list) ?? [];

    /// <summary>Shares of load in steps of 5 percent.</summary>
    private static IEnumerable<Choice> Shares(int from, int to) =>
        Enumerable.Range(from, to - from + 1).Select(n => new Choice(Share(n / 20.0), (n / 20.0).ToString("0.##", CultureInfo.InvariantCulture)));

    private static string Share(double value) => string.Create(CultureInfo.InvariantCulture, $"{value * 100:0.#} %");
}
