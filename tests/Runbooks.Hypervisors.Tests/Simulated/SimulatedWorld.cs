using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;

namespace Runbooks.Hypervisors.Tests.Simulated;

/// <summary>Two hosts, a and b, with 8 CPUs and 8 GiB each, on a clock that the test moves; the link carries 100 MiB/s.</summary>
internal sealed class SimulatedWorld : IDisposable
{
    public static readonly HostName A = new("a");
    public static readonly HostName B = new("b");
    public static readonly VmName Web = new("web");

    public SimulatedWorld(string? file = null)
    {
        Fleet = new SimulatedFleet(new SimulationSettings { LinkMiBs = 100, DaySpeed = 1 }, Time, file);
        Fleet.AddHost(new SimulatedHost(A, 8, 8_192));
        Fleet.AddHost(new SimulatedHost(B, 8, 8_192));
    }

    public ManualTime Time { get; } = new();

    public SimulatedFleet Fleet { get; }

    public IHypervisor OnA => Fleet.Directory.Hypervisor(A);

    public IHypervisor OnB => Fleet.Directory.Hypervisor(B);

    public IHostPower PowerA => Fleet.Directory.Power(A);

    public IHostPower PowerB => Fleet.Directory.Power(B);

    /// <summary>A VM of 1,000 MiB that runs on a: its first round takes 10 s.</summary>
    public SimulatedWorld WithWeb(double dirtyMiBs = 0, int workingSetMiB = 0, double load = 0.5)
    {
        Fleet.AddVm(A, new SimulatedVm(Web, 4, 1_000, load, dirtyMiBs, workingSetMiB));
        return this;
    }

    public Task<Result<Unit>> MigrateAsync(bool hold = false, int? bandwidth = null) =>
        OnA.StartMigrationAsync(new MigrationRequest(Web, B, bandwidth, hold), CancellationToken.None);

    public async Task<MigrationProgress> ProgressAsync() => (await OnA.ObserveMigrationAsync(Web, CancellationToken.None)).Value;

    /// <summary>Every copy, such as <c>a Running booted</c>.</summary>
    public string Copies(VmName? vm = null) => string.Join(", ", Fleet.CopiesOf(vm ?? Web).Select(c => $"{c.Host} {c.State} {c.Reason}"));

    public void Dispose() => Fleet.Dispose();
}
