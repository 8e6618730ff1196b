using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Scaling;
using Runbooks.Fleet.Tests.Planning;

namespace Runbooks.Fleet.Tests.Scaling;

/// <summary>Whether a host has room for a VM that grows, and where the VM goes when it has none.</summary>
public sealed class ScalingPlacesTests
{
    private static readonly VmName Vm = new("web1");
    private static readonly HostCapacity Host = new(new HostName("h1"), Cpus: 8, MemoryMiB: 16_384, VmVcpus: 14, VmMemoryMiB: 12_000, ReservedVcpus: 1, ReservedMemoryMiB: 384);

    [Theory]
    [InlineData(2, 1024, 3, 5024, null)]
    [InlineData(2, 1024, 2, 5025, "4000 MiB left")]
    [InlineData(2, 1024, 4, 1024, "14 vCPUs and 1 reserved")]
    [InlineData(2, 9000, 1, 1000, null)]
    [InlineData(7, 1024, 9, 1024, "8 CPUs")]
    public void A_host_gives_what_it_has_left(int fromVcpus, int fromMiB, int toVcpus, int toMiB, string? says)
    {
        var reason = ScalingRoom.WhyNot(Host, Vm, new(fromVcpus, fromMiB), new(toVcpus, toMiB), vcpuRatio: 2);

        Assert.True(says is null ? reason is null : reason?.Contains(says, StringComparison.Ordinal) == true, reason ?? "There is room.");
    }

    [Fact]
    public void Becoming_smaller_fits_on_a_host_that_is_more_than_full()
    {
        var full = Host with { VmMemoryMiB = 20_000, VmVcpus = 100 };

        Assert.Null(ScalingRoom.WhyNot(full, Vm, new(4, 4096), new(2, 2048), 2));
        Assert.Null(ScalingRoom.WhyNot(full, Vm, new(4, 4096), new(4, 4096), 2));
        Assert.NotNull(ScalingRoom.WhyNot(full, Vm, new(4, 4096), new(2, 4097), 2));
    }

    [Fact]
    public void It_goes_where_the_planner_finds_room_for_its_new_size()
    {
        var fleet = new FleetBuilder().Host("h1").Host("h2").Host("h3").Vm("web1", "h1", memory: 4096).Vm("a", "h2", memory: 8192).Vm("b", "h3", memory: 2048).Build();

        Assert.Equal("h3", Find(fleet, new(2, 12_000)).Host?.Value);
    }

    [Fact]
    public void Room_for_what_arrives_is_needed_too_when_it_becomes_smaller_there()
    {
        var fleet = new FleetBuilder().Host("h1").Host("h2", memory: 4096).Vm("web1", "h1", memory: 4096).Build();

        Assert.Null(Find(fleet, new(4, 1024)).Host);
    }

    [Fact]
    public void It_goes_to_no_host_with_fewer_CPUs_than_it_is_to_have_vCPUs()
    {
        var fleet = new FleetBuilder().Host("h1").Host("h2", cpus: 4).Vm("web1", "h1").Build();

        var found = Find(fleet, new(6, 1024));

        Assert.Null(found.Host);
        Assert.Contains("6 vCPUs", found.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Closed_hosts_full_hosts_and_other_pools_don_t_take_it_and_the_reason_says_what_is_in_the_way()
    {
        var fleet = new FleetBuilder().Host("h1").Host("h2", mode: HostMode.Cordoned).Host("h3", memory: 2048).Host("h4", pool: "q").Vm("web1", "h1").Build();

        var found = Find(fleet, new(2, 8192));

        Assert.Null(found.Host);
        Assert.Contains("Blocked by", found.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_VM_that_another_run_holds_or_that_stands_still_is_not_moved()
    {
        var held = new FleetBuilder().Host("h1").Host("h2").Vm("web1", "h1").Reserve("web1", "h1", "h2", 1024).Build();
        var paused = new FleetBuilder().Host("h1").Host("h2").Vm("web1", "h1", state: VmState.Paused).Build();

        Assert.Contains("run-1", Find(held, new(2, 8192)).Reason, StringComparison.Ordinal);
        Assert.Contains("paused", Find(paused, new(2, 8192)).Reason, StringComparison.Ordinal);
        Assert.Null(Find(new FleetBuilder().Host("h1").Build(), new(2, 8192)).Host);
    }

    private static ScalingDestination Find(FleetSnapshot fleet, VmScale to) =>
        ScalingDestination.Find(fleet, Vm, fleet.FindVm(Vm) is { } vm ? new VmScale(vm.Vcpus, vm.MemoryMiB) : VmScale.None, to, new PlannerPolicy());
}
