using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Observation;

namespace Runbooks.Hypervisors.Tests.Observation;

public sealed class LoadMeterTests
{
    private static readonly DateTimeOffset Noon = new(2030, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_load_is_the_ratio_of_two_differences()
    {
        Assert.Equal(0.25, LoadMeter.OfHost(Host(100, 1_000), Host(110, 1_040)));
        Assert.Equal(0.5, LoadMeter.OfVm(Vm(0, 100), Vm(10, 110)));
    }

    [Fact]
    public void Counters_that_went_back_or_stood_still_give_no_load()
    {
        Assert.Null(LoadMeter.OfHost(Host(100, 1_000), Host(1, 10)));
        Assert.Null(LoadMeter.OfHost(Host(100, 1_000), Host(100, 1_000)));
        Assert.Null(LoadMeter.OfVm(Vm(0, 100), Vm(10, 5)));
        Assert.Null(LoadMeter.OfVm(Vm(0, 100), Vm(0, 100)));
    }

    [Fact]
    public void Another_VM_under_the_same_name_is_not_compared()
    {
        Assert.Null(LoadMeter.OfVm(Vm(0, 100), Vm(10, 110) with { Uuid = new Guid(1, 0, 0, new byte[8]) }));
    }

    [Fact]
    public void A_load_is_never_above_one_however_coarse_the_clocks_are()
    {
        Assert.Equal(1, LoadMeter.OfHost(Host(100, 1_000), Host(200, 1_040)));
        Assert.Equal(1, LoadMeter.OfVm(Vm(0, 100), Vm(1, 110)));
    }

    private static HostObservation Host(double busy, double total) =>
        new(Noon, 4, 1_024, 512, TimeSpan.FromSeconds(busy), TimeSpan.FromSeconds(total), []);

    private static VmObservation Vm(double at, double cpu) =>
        new(Noon.AddSeconds(at), new VmName("v"), Guid.Empty, VmState.Running, "booted", true, 2, 512, TimeSpan.FromSeconds(cpu), null);
}
