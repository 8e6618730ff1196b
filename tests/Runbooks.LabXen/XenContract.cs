using Runbooks.Hypervisors.Tests.Contract;
using Runbooks.LabXen.Hosts;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Runbooks.LabXen;

/// <summary>The driver contract, kept by the Xen driver on real machines, as far as Xen can.</summary>
[Collection(XenCollection.Name)]
public sealed class XenContract(XenMachines machines) : HypervisorContract
{
    protected override Task<ContractHarness> CreateAsync() => Task.FromResult<ContractHarness>(new XenHarness(machines));
}
