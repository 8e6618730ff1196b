using Runbooks.Fleet.Model;

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
}
