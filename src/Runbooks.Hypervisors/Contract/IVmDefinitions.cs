using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Conversion;

namespace Runbooks.Hypervisors.Contract;

/// <summary>A definition in the hypervisor's own language.</summary>
/// <param name="Format">The language: <c>libvirt-xml</c> or <c>xl</c>.</param>
/// <param name="Text">The definition.</param>
public sealed record VmDefinition(string Format, string Text);

/// <summary>Reads and writes the definitions of VMs on one host. Requests may be repeated.</summary>
public interface IVmDefinitions
{
    /// <summary>The definition that the VM will start with next time; <see cref="FaultKind.NotFound"/> when there is none.</summary>
    Task<Result<VmDefinition>> ReadAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>Defines a VM that is not there yet, and does not start it. Ok when the same VM is defined already; refused when another has its name.</summary>
    Task<Result<Unit>> DefineAsync(VmName vm, VmDefinition definition, CancellationToken cancellationToken);

    /// <summary>
    /// Puts one definition in the place of another, for the next start. Ok when it is there already; refused when what is there
    /// is not <paramref name="expected"/>: somebody else has changed it.
    /// </summary>
    Task<Result<Unit>> ReplaceAsync(VmName vm, VmDefinition expected, VmDefinition replacement, CancellationToken cancellationToken);

    /// <summary>Says a VM in this host's language. Changes nothing.</summary>
    Task<Result<VmDefinition>> ComposeAsync(ConvertibleVm vm, CancellationToken cancellationToken);

    /// <summary>What a host has of a VM beside its definition and its files, and what would be lost if it left; a sentence each.</summary>
    Task<Result<IReadOnlyList<string>>> FindTiesAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>The bridges of a VM that this host does not have.</summary>
    Task<Result<IReadOnlyList<string>>> FindMissingBridgesAsync(ConvertibleVm vm, CancellationToken cancellationToken);
}
