using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;

namespace Runbooks.Hypervisors.Tests.Simulated;

/// <summary>How simulated guests take to being made bigger and smaller.</summary>
public sealed class GuestSizes : IDisposable
{
    private static readonly HostName Host = new("a");
    private static readonly VmName Vm = new("vm1");

    private readonly ManualTime clock = new();
    private readonly SimulatedFleet fleet;
    private readonly IVmScaling scaling;

    public GuestSizes()
    {
        fleet = new SimulatedFleet(new SimulationSettings { BalloonMiBs = 100 }, clock);
        fleet.AddHost(new SimulatedHost(Host, Cpus: 8, MemoryMiB: 4096));
        fleet.AddVm(Host, new SimulatedVm(Vm, Vcpus: 2, MemoryMiB: 1024, MaxVcpus: 4, MaxMemoryMiB: 2048));
        scaling = fleet.Directory.Hypervisor(Host).Scaling!;
    }

    public void Dispose() => fleet.Dispose();

    [Fact]
    public async Task Memory_takes_time_both_ways()
    {
        await MemoryAsync(724);
        clock.AdvanceSeconds(1);
        Assert.Equal((924, 724), (Size.MemoryMiB, Size.DefinedMemoryMiB));
        clock.AdvanceSeconds(2.5);
        Assert.Equal(724, Size.MemoryMiB);

        await MemoryAsync(1024);
        clock.AdvanceSeconds(1.255);
        Assert.InRange(Size.MemoryMiB, 848, 850);
        clock.AdvanceSeconds(10);
        Assert.True(Size.HasMemory(1024));
    }

    [Fact]
    public async Task Many_short_moments_let_as_much_through_as_a_long_one()
    {
        await MemoryAsync(924);
        for (var i = 0; i < 1000; i++)
        {
            clock.AdvanceSeconds(0.001);
            _ = Size;
        }

        Assert.InRange(Size.MemoryMiB, 924, 925);
    }

    [Fact]
    public async Task A_guest_that_keeps_its_memory_stops_there_and_can_be_given_it_again()
    {
        fleet.SetHabits(Vm, new GuestHabits(KeepsMiB: 900));
        await MemoryAsync(500);
        clock.AdvanceSeconds(60);
        Assert.Equal((900, 500), (Size.MemoryMiB, Size.DefinedMemoryMiB));

        await MemoryAsync(1024);
        clock.AdvanceSeconds(60);
        Assert.True(Size.HasMemory(1024));
    }

    [Fact]
    public async Task Memory_that_was_asked_for_is_taken_from_the_host_at_once()
    {
        fleet.AddVm(Host, new SimulatedVm(new VmName("other"), 1, 2048));
        Assert.Equal(FaultKind.Refused, (await scaling.SetMemoryAsync(Vm, 2048, CancellationToken.None)).Fault?.Kind);
        await MemoryAsync(1536);
        fleet.AddVm(Host, new SimulatedVm(new VmName("third"), 1, 128), VmState.ShutOff);

        Assert.Equal(FaultKind.Refused, (await fleet.Directory.Hypervisor(Host).StartAsync(new VmName("third"), CancellationToken.None)).Fault?.Kind);
    }

    [Fact]
    public async Task A_vcpu_that_was_given_back_unnoticed_is_counted_until_the_service_begins_anew()
    {
        fleet.SetHabits(Vm, new GuestHabits(UnplugHabit.Unnoticed));
        Assert.True((await scaling.SetVcpusAsync(Vm, 1, CancellationToken.None)).IsOk);
        Assert.Equal((2, 1, 1), (Size.Vcpus, Size.GuestVcpus, Size.DefinedVcpus));
        Assert.True(Size.HasVcpus(1));
        Assert.Equal(FaultKind.Refused, (await scaling.SetVcpusAsync(Vm, 2, CancellationToken.None)).Fault?.Kind);

        fleet.RestartService(Host);
        fleet.SetHabits(Vm, new GuestHabits());
        Assert.True((await scaling.SetVcpusAsync(Vm, 2, CancellationToken.None)).IsOk);
        Assert.True(Size.HasVcpus(2));
    }

    [Fact]
    public async Task A_guest_that_keeps_its_vcpu_leaves_the_outcome_unknown()
    {
        fleet.SetHabits(Vm, new GuestHabits(UnplugHabit.Keeps));

        Assert.Equal(FaultKind.UnknownOutcome, (await scaling.SetVcpusAsync(Vm, 1, CancellationToken.None)).Fault?.Kind);
        Assert.True(Size.HasVcpus(2));
    }

    [Fact]
    public async Task A_VM_starts_again_with_the_size_that_it_was_given()
    {
        await MemoryAsync(512);
        Assert.True((await scaling.SetVcpusAsync(Vm, 3, CancellationToken.None)).IsOk);
        fleet.CrashGuest(Host, Vm);
        Assert.True((await fleet.Directory.Hypervisor(Host).StartAsync(Vm, CancellationToken.None)).IsOk);

        Assert.True(Size.HasVcpus(3) && Size.HasMemory(512));
    }

    private VmSize Size => fleet.SizeOf(Host, Vm);

    private async Task MemoryAsync(int mib) => Assert.True((await scaling.SetMemoryAsync(Vm, mib, CancellationToken.None)).IsOk);
}
