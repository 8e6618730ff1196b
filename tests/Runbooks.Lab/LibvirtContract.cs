using Runbooks.Hypervisors.Tests.Contract;
using Runbooks.Lab.Hosts;

namespace Runbooks.Lab;

/// <summary>The driver contract, kept by the libvirt driver on real hosts.</summary>
[Collection(LabCollection.Name)]
public sealed class LibvirtContract(LabHosts lab) : HypervisorContract
{
    protected override Task<ContractHarness> CreateAsync() => Task.FromResult<ContractHarness>(new LibvirtHarness(lab));
}
