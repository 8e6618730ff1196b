using System.Globalization;
using System.Text;

namespace Runbooks.Server.Tests.Cli;

/// <summary>One small fleet in each form that the command line reads: six hosts of 64 GiB for VMs, with 4, 3, 2, 2, 1 and 1 VMs of 8 GiB.</summary>
internal static class FleetText
{
    public const int VmMemory = 8_192;
    private const int Memory = 69_632;
    private const int Own = 4_096;
    private const int Cores = 16;
    private static readonly int[] Vms = [4, 3, 2, 2, 1, 1];

    public static string[] Hosts { get; } = ["h0", "h1", "h2", "h3", "h4", "h5"];

    public static IEnumerable<string> VmsOf(int host) => Enumerable.Range(0, Vms[host]).Select(i => Text($"vm-{host}-{i}"));

    /// <summary>One host and one VM a line, from lines 2 and 10.</summary>
    public static string Json()
    {
        var hosts = Hosts.Select(h => Text($$"""{"name": "{{h}}", "cores": {{Cores}}, "mem": {{Memory}}, "node_mem": {{Own}}, "idle_w": 100, "peak_w": 200, "w": [1, {"x": null}]}"""));
        var vms = All().Select(v => Text($$"""{"name": "{{v.Vm}}", "host": "{{v.Host}}", "vcpus": 2, "mem": {{VmMemory}}, "cpu_cores": {{v.Cores}}, "dirty_mbps": 20}"""));
        return $"{{\"vcpu_ratio\": 4.0, \"hosts\": [\n{string.Join(",\n", hosts)}\n],\n\"vms\": [\n{string.Join(",\n", vms)}\n]}}\n";
    }

    public static string Data()
    {
        var text = new StringBuilder("group-01|uuid-group-01|preferred||\n\n");
        for (var i = 0; i < Hosts.Length; i++)
        {
            _ = text.Append(CultureInfo.InvariantCulture, $"{Hosts[i]}|{Memory}|{Own}|{Memory - Own - (Vms[i] * VmMemory)}|1000000|1000000|{Cores}|N|uuid-group-01|32||N|32|0|1.0\n");
        }

        _ = text.Append('\n');
        foreach (var (vm, host, _) in All())
        {
            _ = text.Append(CultureInfo.InvariantCulture, $"{vm}|{VmMemory}|20480|2|running|Y|{host}||ext||1|-|N\n");
        }

        const string Policy = "1024,1,1024,1,1,1|128,1,1024,1,1,1;262144,64,16777216,16,8,12|diskless|4.0|32.0";
        return text.Append(CultureInfo.InvariantCulture, $"\n\n|{Policy}\ngroup-01|{Policy}\n").ToString();
    }

    public static string Util() => string.Concat(All().Select(v => Text($"{v.Vm} {v.Cores / Cores:0.000000} 0 0 0\n")));

    private static IEnumerable<(string Vm, string Host, double Cores)> All() =>
        Hosts.SelectMany((h, i) => VmsOf(i).Select((v, k) => (v, h, 0.5 + (0.25 * k))));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
