using System.Text;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Xen.Answers;

namespace Runbooks.Hypervisors.Xen;

/// <summary>Reads what a VM is plugged into: of the running domain, or of its definition when it is off.</summary>
internal sealed class XenDeviceReader(XenHost host, Xl xl)
{
    private const string What = "list -l";

    /// <returns>The devices, and what the VM needs of a CPU.</returns>
    public async Task<Result<(XenDevices Devices, string? Cpu)>> ReadAsync(VmName vm, CancellationToken cancellationToken)
    {
        var answer = await xl.ReadAsync(XenScripts.ReadDevices(host, vm), What, cancellationToken);
        if (!answer.IsOk)
        {
            return answer.Fault;
        }

        var parts = answer.Value;
        if (new[] { "cpu", "bridge", "definition", "domain" }.FirstOrDefault(p => !parts.ContainsKey(p)) is { } missing)
        {
            return xl.BadAnswer(What, $"the answer has no part '{missing}'");
        }

        var bridge = parts["bridge"] is [var named] ? named : string.Empty;
        if (parts["domain"].Length > 0)
        {
            return XenDevices.TryRead(string.Join('\n', parts["domain"]), bridge, out var running, out var problem)
                ? (running, XenCpu.Need(parts["cpu"]))
                : xl.BadAnswer(What, problem);
        }

        return parts["definition"] is not [var definition]
            ? new HypervisorFault(FaultKind.NotFound, host.Name, $"There is no VM '{vm}' here.")
            : XlConfig.TryParse(Encoding.UTF8.GetString(Convert.FromBase64String(definition)), out var config, out var wrong)
                ? (XenDevices.Of(config, bridge), null)
                : new HypervisorFault(FaultKind.Refused, host.Name, $"The definition of VM '{vm}' can't be read: {wrong}.");
    }
}
