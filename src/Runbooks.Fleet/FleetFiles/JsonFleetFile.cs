using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.FleetFiles;

/// <summary>
/// Reads a fleet in JSON: <c>hosts</c> with name, cores, mem, node_mem, idle_w, peak_w and <c>vms</c> with name, host, vcpus,
/// mem, cpu_cores, dirty_mbps; memory in MiB, CPU in cores. What else is in it is passed over.
/// </summary>
/// <remarks>
/// Optional, for hosts: model, pool, priority, power, mode, tags, storage, networks, link. For VMs: together, apart, pinned,
/// excluded, prefers, storage, networks, immovable, max_vcpus, cpu_variance. A VM whose host is empty is to be placed.
/// </remarks>
public static class JsonFleetFile
{
    /// <exception cref="FleetFileException">The text is not such a file; the message names line and field.</exception>
    public static FleetFile Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var fields = new JsonFields(Encoding.UTF8.GetBytes(text));
        var hosts = new Dictionary<HostName, Host>();
        var vms = new Dictionary<VmName, Vm>();
        double? ratio = null;
        var (hasHosts, hasVms) = (false, false);
        fields.Want(JsonTokenType.StartObject, "(whole file)");
        while (fields.Next("(whole file)") == JsonTokenType.PropertyName)
        {
            switch (fields.Name)
            {
                case "hosts":
                    hasHosts = true;
                    Each(ref fields, "hosts", (ref JsonFields f, string at) => ReadHost(ref f, at, hosts));
                    break;
                case "vms":
                    hasVms = true;
                    Each(ref fields, "vms", (ref JsonFields f, string at) => ReadVm(ref f, at, vms));
                    break;
                case "vcpu_ratio":
                    ratio = fields.Number("vcpu_ratio", 0.1);
                    break;
                default:
                    fields.Skip(fields.Name);
                    break;
            }
        }

        if (!hasHosts || !hasVms)
        {
            throw fields.Wrong(hasHosts ? "vms" : "hosts", "it is missing.");
        }

        CheckHosts(ref fields, hosts, vms);
        return new FleetFile(new FleetSnapshot(DateTimeOffset.UnixEpoch, hosts.Values, vms.Values), ratio);
    }

    private delegate void ReadOne(ref JsonFields fields, string at);

    private static void Each(ref JsonFields fields, string list, ReadOne one)
    {
        fields.Want(JsonTokenType.StartArray, list);
        for (var i = 0; fields.Next(list) != JsonTokenType.EndArray; i++)
        {
            var at = $"{list}[{i}]";
            if (fields.Type != JsonTokenType.StartObject)
            {
                throw fields.Wrong(at, $"found {fields.Type}, wanted an object.");
            }

            one(ref fields, at);
        }
    }

    private static void ReadHost(ref JsonFields f, string at, Dictionary<HostName, Host> hosts)
    {
        (string? name, int? cores, int? mem) = (null, null, null);
        var own = 0;
        var host = new Host(default, "default", 1, 0, 0, PowerState.On, HostMode.Active);
        var traits = new HostTraits();
        while (f.Next(at) == JsonTokenType.PropertyName)
        {
            var field = $"{at}.{f.Name}";
            switch (f.Name)
            {
                case "name": name = Checked(f.Text(field), HostName.TryParse(f.LastText, out _), ref f, field); break;
                case "cores": cores = f.Whole(field, 1); break;
                case "mem": mem = f.Whole(field, 1); break;
                case "node_mem": own = f.Whole(field); break;
                case "idle_w": traits = traits with { IdleWatts = f.Number(field) }; break;
                case "peak_w": traits = traits with { PeakWatts = f.Number(field) }; break;
                case "model": traits = traits with { PowerModel = f.Text(field) }; break;
                case "pool": host = host with { Pool = f.Text(field) }; break;
                case "priority": host = host with { Priority = f.Whole(field) }; break;
                case "power": host = host with { Power = f.OneOf<PowerState>(field) }; break;
                case "mode": host = host with { Mode = f.OneOf<HostMode>(field) }; break;
                case "tags": traits = traits with { Tags = f.Texts(field) }; break;
                case "storage": traits = traits with { Storage = f.Texts(field) }; break;
                case "networks": traits = traits with { Networks = f.Texts(field) }; break;
                case "link": traits = traits with { Link = f.Text(field) }; break;
                default: f.Skip(field); break;
            }
        }

        var key = new HostName(name ?? throw f.Wrong($"{at}.name", "it is missing."));
        if (own > (mem ?? throw f.Wrong($"{at}.mem", "it is missing.")))
        {
            throw f.Wrong($"{at}.node_mem", $"found {own}, more than the host's mem of {mem}.");
        }

        host = host with { Name = key, Cpus = cores ?? throw f.Wrong($"{at}.cores", "it is missing."), MemoryMiB = mem.Value - own, Traits = traits };
        if (!hosts.TryAdd(key, host))
        {
            throw f.Wrong($"{at}.name", $"host '{key}' is there twice.");
        }
    }

    private static void ReadVm(ref JsonFields f, string at, Dictionary<VmName, Vm> vms)
    {
        (string? name, string? host, int? vcpus, int? mem, double? cpu) = (null, null, null, null, null);
        var traits = VmTraits.None;
        while (f.Next(at) == JsonTokenType.PropertyName)
        {
            var field = $"{at}.{f.Name}";
            switch (f.Name)
            {
                case "name": name = Checked(f.Text(field), VmName.TryParse(f.LastText, out _), ref f, field); break;
                case "host": host = Checked(f.Text(field), f.LastText.Length == 0 || HostName.TryParse(f.LastText, out _), ref f, field); break;
                case "vcpus": vcpus = f.Whole(field, 1); break;
                case "mem": mem = f.Whole(field, 1); break;
                case "cpu_cores": cpu = f.Number(field); break;
                case "cpu_variance": traits = traits with { CpuVariance = f.Number(field) }; break;
                case "dirty_mbps": traits = traits with { DirtyMiBs = f.Number(field) }; break;
                case "max_vcpus": traits = traits with { MaxVcpus = f.Whole(field, 1) }; break;
                case "together": traits = traits with { Together = f.Text(field) }; break;
                case "apart": traits = traits with { Apart = f.Text(field) }; break;
                case "immovable": traits = traits with { Immovable = f.Text(field) }; break;
                case "pinned": traits = traits with { Pinned = f.Hosts(field) }; break;
                case "excluded": traits = traits with { Excluded = f.Hosts(field) }; break;
                case "prefers": traits = traits with { Prefers = f.Texts(field) }; break;
                case "storage": traits = traits with { Storage = f.Texts(field) }; break;
                case "networks": traits = traits with { Networks = f.Texts(field) }; break;
                default: f.Skip(field); break;
            }
        }

        var key = new VmName(name ?? throw f.Wrong($"{at}.name", "it is missing."));
        var size = vcpus ?? throw f.Wrong($"{at}.vcpus", "it is missing.");
        var vm = new Vm(
            key,
            Guid.Empty,
            host is null ? throw f.Wrong($"{at}.host", "it is missing.") : host.Length == 0 ? default : new HostName(host),
            VmState.Running,
            size,
            mem ?? throw f.Wrong($"{at}.mem", "it is missing."),
            (cpu ?? throw f.Wrong($"{at}.cpu_cores", "it is missing.")) / size)
        {
            Traits = traits,
        };
        if (!vms.TryAdd(key, vm))
        {
            throw f.Wrong($"{at}.name", $"VM '{key}' is there twice.");
        }
    }

    private static string Checked(string text, bool isGood, ref JsonFields f, string field) =>
        isGood ? text : throw f.Wrong(field, $"found '{text}', wanted 1 to 63 letters, digits, '.', '_', '+' or '-', starting with a letter or digit.");

    private static void CheckHosts(ref JsonFields f, Dictionary<HostName, Host> hosts, Dictionary<VmName, Vm> vms)
    {
        var i = 0;
        foreach (var vm in vms.Values)
        {
            if (vm.Host != default && !hosts.ContainsKey(vm.Host))
            {
                throw f.Unknown($"vms[{i}].host", vm.Name.Value, $"VM '{vm.Name}' is on host '{vm.Host}', which is not among the hosts.");
            }

            i++;
        }
    }
}
