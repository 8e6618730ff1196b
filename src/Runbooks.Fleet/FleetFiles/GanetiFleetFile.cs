using System.Globalization;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.FleetFiles;

/// <summary>
/// Reads the text format of Ganeti's tools: sections of lines with fields between bars, split by empty lines: groups,
/// nodes, instances, tags, policies. Loads come from a second text, one line per instance: name and share of CPU.
/// </summary>
/// <remarks>
/// The share is of a node; where nodes differ, of the most common kind. Without loads every VM counts with all of its
/// vCPUs. Groups are pools. An offline node is off; one that takes part in nothing but being drained is in maintenance.
/// </remarks>
public static class GanetiFleetFile
{
    /// <param name="data">The fleet.</param>
    /// <param name="util">The loads; null when there are none.</param>
    /// <exception cref="FleetFileException">A text is not in that format; the message names line and field.</exception>
    public static FleetFile Read(string data, string? util)
    {
        ArgumentNullException.ThrowIfNull(data);
        var sections = new[] { new List<BarLine>(), [], [], [], [] };
        var section = 0;
        var number = 0;
        foreach (var line in data.AsSpan().EnumerateLines())
        {
            number++;
            if (line.IsWhiteSpace())
            {
                section++;
            }
            else if (section < sections.Length)
            {
                sections[section].Add(new BarLine(number, line.ToString()));
            }
        }

        if (sections[1].Count == 0)
        {
            throw new FleetFileException(number, "nodes", "the section is missing: sections are split by one empty line, and nodes are the second.");
        }

        var hosts = sections[1].ConvertAll(ReadHost);
        var byName = Unique(hosts.Select(h => h.Name.Value), sections[1], "node name");
        var usual = hosts.GroupBy(h => h.Cpus).OrderByDescending(g => g.Count()).ThenByDescending(g => g.Key).First().Key;
        var loads = util is null ? [] : GanetiLoads.Read(util);
        var vms = sections[2].ConvertAll(l => ReadVm(l, byName, loads, usual));
        _ = Unique(vms.Select(v => v.Name.Value), sections[2], "instance name");
        return new FleetFile(
            new FleetSnapshot(DateTimeOffset.UnixEpoch, hosts, vms),
            sections[4].Count > 0 && sections[4][0].Count > 4 ? sections[4][0].Number(4, "vcpu_ratio", 0.1) : null);
    }

    private static Host ReadHost(BarLine line)
    {
        line.NeedAtLeast(9, "node");
        var name = line.Name(0, "node name");
        var total = line.Whole(1, "total memory", 1);
        var own = line.Whole(2, "node memory", 0);
        _ = line.Whole(3, "free memory", int.MinValue);
        if (own > total)
        {
            throw line.Wrong("node memory", $"found {own}, more than the total memory of {total}.");
        }

        var cores = line.Whole(6, "cores", 1);
        var isOffline = line[7] switch
        {
            "Y" => true,
            "N" or "M" => false,
            var other => throw line.Wrong("offline", $"found '{other}', wanted Y, N or M."),
        };
        return new Host(new HostName(name), line[8].Length == 0 ? "default" : line[8], cores, total - own, 0, isOffline ? PowerState.Off : PowerState.On, HostMode.Active);
    }

    private static Vm ReadVm(BarLine line, HashSet<string> hosts, Dictionary<string, double> loads, int usualCores)
    {
        line.NeedAtLeast(8, "instance");
        var name = line.Name(0, "instance name");
        var memory = line.Whole(1, "memory", 1);
        var vcpus = line.Whole(3, "vcpus", 1);
        var host = line[6];
        if (!hosts.Contains(host))
        {
            throw line.Wrong("primary node", $"found '{host}', which is not among the nodes.");
        }

        var runs = line[4] is "running" or "ERROR_up";
        double? load = loads.TryGetValue(name, out var share) ? share * usualCores / vcpus : null;
        return new Vm(new VmName(name), Guid.Empty, new HostName(host), runs ? VmState.Running : VmState.ShutOff, vcpus, memory, load);
    }

    private static HashSet<string> Unique(IEnumerable<string> names, List<BarLine> lines, string field)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, i) in names.Select((n, i) => (n, i)))
        {
            if (!seen.Add(name))
            {
                throw lines[i].Wrong(field, $"'{name}' is there twice.");
            }
        }

        return seen;
    }
}

/// <summary>Reads loads: <c>name cpu memory disk network</c>, shares between spaces.</summary>
internal static class GanetiLoads
{
    public static Dictionary<string, double> Read(string text)
    {
        var loads = new Dictionary<string, double>(StringComparer.Ordinal);
        var number = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            number++;
            if (line.IsWhiteSpace())
            {
                continue;
            }

            var parts = line.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length < 2)
            {
                throw new FleetFileException(number, "cpu", "it is missing: a line of loads is 'name cpu memory disk network'.") { IsInLoads = true };
            }

            loads[parts[0]] = double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var cpu) && double.IsFinite(cpu) && cpu >= 0
                ? cpu
                : throw new FleetFileException(number, "cpu", $"found '{parts[1]}', wanted a share of 0 or more.") { IsInLoads = true };
        }

        return loads;
    }
}
