using System.Text;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Xen.Answers;

namespace Runbooks.Hypervisors.Xen;

/// <summary>Reads the configuration of a VM: of the running domain, or of its definition when it is off.</summary>
internal sealed class XenConfigReader(XenHost host, Xl xl)
{
    private const string What = "list -l";

    /// <returns>The devices, and what the VM needs of a CPU.</returns>
    public async Task<Result<(XenDevices Devices, string? Cpu)>> ReadDevicesAsync(VmName vm, CancellationToken cancellationToken)
    {
        var answer = await ReadAsync(vm, cancellationToken);
        if (!answer.IsOk)
        {
            return answer.Fault;
        }

        var bridge = answer.Value["bridge"] is [var named] ? named : string.Empty;
        if (Domain(answer.Value) is { Length: > 0 } domain)
        {
            return XenDevices.TryRead(domain, bridge, out var running, out var problem)
                ? (running, XenCpu.Need(answer.Value["cpu"]))
                : xl.BadAnswer(What, problem);
        }

        return answer.Value["definition"] is not [var definition] ? NotHere(vm)
            : !TryDecode(definition, out var text) ? xl.BadAnswer(What, "the definition did not come as base64")
            : XlConfig.TryParse(text, out var config, out var wrong) ? (XenDevices.Of(config, bridge), null)
            : new HypervisorFault(FaultKind.Refused, host.Name, $"The definition of VM '{vm}' can't be read: {wrong}.");
    }

    /// <summary>How big a running domain was told to be and may become. Not found without a domain.</summary>
    public async Task<Result<XenLimits>> ReadLimitsAsync(VmName vm, CancellationToken cancellationToken)
    {
        var answer = await ReadAsync(vm, cancellationToken);
        return !answer.IsOk ? answer.Fault
            : Domain(answer.Value) is not { Length: > 0 } domain ? NotHere(vm)
            : XenLimits.TryRead(domain, out var limits, out var problem) ? limits
            : xl.BadAnswer(What, problem);
    }

    private async Task<Result<Dictionary<string, string[]>>> ReadAsync(VmName vm, CancellationToken cancellationToken)
    {
        var answer = await xl.ReadAsync(XenScripts.ReadConfiguration(host, vm), What, cancellationToken);
        return !answer.IsOk ? answer.Fault
            : new[] { "cpu", "bridge", "definition", "domain" }.FirstOrDefault(p => !answer.Value.ContainsKey(p)) is { } missing ? xl.BadAnswer(What, $"the answer has no part '{missing}'")
            : answer;
    }

    private static bool TryDecode(string base64, out string text)
    {
        var bytes = new byte[base64.Length];
        var isBase64 = Convert.TryFromBase64String(base64, bytes, out var length);
        text = Encoding.UTF8.GetString(bytes, 0, length);
        return isBase64;
    }

    private static string Domain(Dictionary<string, string[]> parts) => string.Join('\n', parts["domain"]);

    private HypervisorFault NotHere(VmName vm) => new(FaultKind.NotFound, host.Name, $"There is no VM '{vm}' here.");
}
