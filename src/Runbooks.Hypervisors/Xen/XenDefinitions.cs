using System.Text;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;
using Runbooks.Hypervisors.Disks;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Xen;

/// <summary>The definitions of VMs on one Xen host: files in its folder of definitions.</summary>
internal sealed class XenDefinitions(XenHost host, IRemoteShell shell, Xl xl, XenReader reader) : IVmDefinitions
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
            XenScripts.Define(host, vm, Base64(definition.Text)), $"definition of {vm}", cancellationToken);
        if (defined.IsOk || defined.Fault.NothingChanged)
        {
            return defined;
        }

        var seen = await ReadAsync(vm, cancellationToken);
        return seen is { IsOk: true, Value: var there } && there == definition ? default(Unit) : defined;
    }

    public async Task<Result<Unit>> ReplaceAsync(VmName vm, VmDefinition expected, VmDefinition replacement, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ArgumentNullException.ThrowIfNull(replacement);
        if (Answers.XenDefinition.Of(vm, replacement.Text).Problem is { } problem)
        {
            return new HypervisorFault(FaultKind.Refused, host.Name, $"The definition of VM '{vm}' can't be used: {problem}.");
        }

        var replaced = await xl.ChangeAsync(XenScripts.Replace(host, vm, Base64(expected.Text), Base64(replacement.Text)), $"definition of {vm}", cancellationToken);
        if (replaced.IsOk || replaced.Fault.NothingChanged)
        {
            return replaced;
        }

        var seen = await ReadAsync(vm, cancellationToken);
        return seen is { IsOk: true, Value: var there } && there == replacement ? default(Unit) : replaced;
    }

    public Task<Result<VmDefinition>> ComposeAsync(ConvertibleVm vm, CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult<Result<VmDefinition>>(new VmDefinition(Format, XlLanguage.Write(vm)));
        }
        catch (ArgumentException e)
        {
            return Task.FromResult<Result<VmDefinition>>(new HypervisorFault(FaultKind.Refused, host.Name, $"VM '{vm.Name}' can't be said in xl's language: {e.Message}"));
        }
    }

    /// <remarks>xl keeps nothing of a VM that is off but its definition.</remarks>
    public Task<Result<IReadOnlyList<string>>> FindTiesAsync(VmName vm, CancellationToken cancellationToken) =>
        Task.FromResult<Result<IReadOnlyList<string>>>(Array.Empty<string>());

    public Task<Result<IReadOnlyList<string>>> FindMissingBridgesAsync(ConvertibleVm vm, CancellationToken cancellationToken) =>
        HostBridges.FindMissingAsync(host.Name, shell, vm, cancellationToken);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
