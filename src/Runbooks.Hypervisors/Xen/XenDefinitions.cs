using System.Text;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Xen;

/// <summary>The definitions of VMs on one Xen host: files in its folder of definitions.</summary>
internal sealed class XenDefinitions(XenHost host, Xl xl, XenReader reader) : IVmDefinitions
{
    public const string Format = "xl";

    public async Task<Result<VmDefinition>> ReadAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await reader.ReadVmAsync(vm, cancellationToken);
        return !seen.IsOk ? seen.Fault
            : seen.Value.Definition is { } definition ? new VmDefinition(Format, definition.Text)
            : new HypervisorFault(FaultKind.NotFound, host.Name, $"There is no definition of VM '{vm}' here ({XenScripts.Path(host, vm)}).");
    }

    public async Task<Result<Unit>> DefineAsync(VmName vm, VmDefinition definition, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(definition);
        if (definition.Format != Format)
        {
            return new HypervisorFault(FaultKind.Unsupported, host.Name, $"A Xen host takes definitions in xl's language, not '{definition.Format}'.", "Convert it first.");
        }

        if (Answers.XenDefinition.Of(vm, definition.Text).Problem is { } problem)
        {
            return new HypervisorFault(FaultKind.Refused, host.Name, $"The definition of VM '{vm}' can't be used: {problem}.");
        }

        var defined = await xl.ChangeAsync(
            XenScripts.Define(host, vm, Convert.ToBase64String(Encoding.UTF8.GetBytes(definition.Text))), $"definition of {vm}", cancellationToken);
        if (defined.IsOk || defined.Fault.NothingChanged)
        {
            return defined;
        }

        var seen = await ReadAsync(vm, cancellationToken);
        return seen is { IsOk: true, Value: var there } && there == definition ? default(Unit) : defined;
    }
}
