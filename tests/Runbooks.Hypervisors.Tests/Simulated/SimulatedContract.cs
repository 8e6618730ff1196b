using System.Globalization;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Hypervisors.Tests.Contract;

namespace Runbooks.Hypervisors.Tests.Simulated;

/// <summary>The simulated driver keeps the contract, in real time.</summary>
public sealed class SimulatedContract : HypervisorContract
{
    protected override Task<ContractHarness> CreateAsync() => Task.FromResult<ContractHarness>(new Harness());

    private sealed class Harness : ContractHarness
    {
        private static readonly HostName NameA = new("a");
        private static readonly HostName NameB = new("b");

        private readonly SimulatedFleet fleet = new(
            new SimulationSettings
            {
                HostBoot = TimeSpan.FromMilliseconds(30),
                GuestShutdown = TimeSpan.FromMilliseconds(30),
            },
            TimeProvider.System);

        private int defined;

        public Harness()
        {
            fleet.AddHost(new SimulatedHost(NameA, Cpus: 4, MemoryMiB: 4_096));
            fleet.AddHost(new SimulatedHost(NameB, Cpus: 4, MemoryMiB: 4_096));
        }

        public override IHypervisor A => fleet.Directory.Hypervisor(NameA);

        public override IHypervisor B => fleet.Directory.Hypervisor(NameB);

        public override IHostPower PowerA => fleet.Directory.Power(NameA);

        public override IHostPower PowerB => fleet.Directory.Power(NameB);

        public override TimeSpan Limit => TimeSpan.FromSeconds(15);

        public override TimeSpan Pause => TimeSpan.FromMilliseconds(5);

        public override int SlowMiBs => 400;

        public override Task<VmName> DefineAsync(GuestSpec guest)
        {
            var vm = new VmName(string.Create(CultureInfo.InvariantCulture, $"vm{++defined}"));
            fleet.AddVm(
                NameA,
                new SimulatedVm(vm, guest.Vcpus, guest.MemoryMiB, guest.CpuLoad, guest.WriteMiBs, guest.WorkingSetMiB, guest.MaxVcpus, guest.MaxMemoryMiB)
                {
                    Interfaces = guest.Network is { } network ? [new VmInterface("52:54:00:00:00:01", network.Kind, network.Name)] : [],
                },
                VmState.ShutOff);
            return Task.FromResult(vm);
        }

        public override Task UntilGuestIsUpAsync(VmName vm) => Task.CompletedTask;

        public override Task MakeBridgeOnAAsync(string name)
        {
            fleet.AddNetwork(NameA, new HostNetwork(NetworkKind.Bridge, name));
            return Task.CompletedTask;
        }

        public override Task<string> MakeImageOnAAsync(string format, int kib)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"/images/{++defined}.image");
            fleet.AddFile(NameA, path, $"image {defined}", format);
            return Task.FromResult(path);
        }

        public override Task PauseOnAAsync(VmName vm)
        {
            fleet.Pause(NameA, vm);
            return Task.CompletedTask;
        }

        public override ValueTask DisposeAsync()
        {
            Assert.Empty(fleet.Violations);
            fleet.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
