using System.Diagnostics;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Tests.Contract;
using Runbooks.Lab.Hosts;

namespace Runbooks.Lab;

/// <summary>What goes wrong with real hosts, and what the driver makes of it.</summary>
[Collection(LabCollection.Name)]
public sealed class LibvirtFaults(LabHosts lab) : IAsyncLifetime
{
    private const int SlowMiBs = 8;

    private static readonly HostName HostA = new("host1");
    private static readonly HostName HostB = new("host2");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly LibvirtHarness hosts = new(lab);

    private static CancellationToken None => CancellationToken.None;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await hosts.DisposeAsync();

    [Fact]
    public async Task A_host_whose_key_is_unknown_is_not_spoken_to()
    {
        var config = ConfigWithKnownHosts("unknown", string.Empty);
        await using var fleet = lab.Connect(config);

        var fault = (await fleet.Hypervisor(HostA).ObserveAsync(None)).Fault;

        Assert.Equal(FaultKind.HostKeyRejected, fault?.Kind);
        Assert.Contains("is not in known_hosts", fault!.Message, StringComparison.Ordinal);
        Assert.Contains("ssh-keyscan", fault.Advice!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_whose_key_has_changed_is_not_spoken_to()
    {
        var swapped = KnownHosts().Replace("host1,10.77.0.11", "swap", StringComparison.Ordinal)
            .Replace("host2,10.77.0.12", "host1,10.77.0.11", StringComparison.Ordinal);
        await using var fleet = lab.Connect(ConfigWithKnownHosts("changed", swapped));

        var fault = (await fleet.Hypervisor(HostA).ObserveAsync(None)).Fault;

        Assert.Equal(FaultKind.HostKeyRejected, fault?.Kind);
        Assert.Contains("is not the one in known_hosts", fault!.Message, StringComparison.Ordinal);
        Assert.Contains("ssh-keygen -R host1", fault.Advice!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_behind_a_cut_link_is_unreachable_and_answers_when_it_is_healed()
    {
        var vm = await hosts.DefineAsync(new GuestSpec());
        Assert.True((await hosts.A.ObserveAsync(None)).IsOk);
        await lab.Lab.RunAsync("cut", HostA.Value);

        var shared = await hosts.A.ObserveAsync(None);
        var fresh = await hosts.A.StartAsync(vm, None);
        await lab.Lab.RunAsync("heal", HostA.Value);

        Assert.Equal(FaultKind.Unreachable, shared.Fault?.Kind);
        Assert.Equal(FaultKind.Unreachable, fresh.Fault?.Kind);
        await UntilAsync("host1 answers", async () => (await hosts.A.ObserveAsync(None)).IsOk);
        Assert.Equal(VmState.ShutOff, (await hosts.A.ObserveVmAsync(vm, None)).Value.State);
    }

    [Fact]
    public async Task A_host_whose_libvirtd_does_not_run_is_unreachable_and_says_why()
    {
        await lab.Lab.RunAsync("virtd-stop", HostA.Value);

        var fault = (await hosts.A.ObserveAsync(None)).Fault;

        Assert.Equal(FaultKind.Unreachable, fault?.Kind);
        Assert.Contains("libvirtd does not answer", fault!.Advice!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_VM_that_moves_keeps_one_heartbeat()
    {
        var vm = await CopyingAsync();
        await UntilAsync("the guest has beaten during the copy", () => Task.FromResult(lab.Beats(vm).Count > 3));
        Assert.True((await hosts.A.ReleaseSwitchOverAsync(vm, TimeSpan.FromSeconds(10), None)).IsOk);

        await UntilAsync("it runs on host2", async () => await StateAsync(hosts.B, vm) == VmState.Running);
        var arrived = lab.Beats(vm).Count;
        await UntilAsync("it beats on", () => Task.FromResult(lab.Beats(vm).Count >= arrived + 2));

        AssertOneHeartbeat(vm);
    }

    [Fact]
    public async Task A_migration_goes_on_without_the_process_that_started_it()
    {
        var vm = await hosts.DefineAsync(Writing);
        Assert.True((await hosts.A.StartAsync(vm, None)).IsOk);
        await hosts.UntilGuestIsUpAsync(vm);
        await using (var first = lab.Connect())
        {
            Assert.True((await first.Hypervisor(HostA).StartMigrationAsync(Slowly(vm), None)).IsOk);
        }

        // The first's connections are closed with it; a second finds the job where it left it.
        await using var second = lab.Connect();
        var found = await second.Hypervisor(HostA).ObserveMigrationAsync(vm, None);
        Assert.True(found.IsOk);
        Assert.Equal(MigrationPhase.PreCopy, found.Value.Phase);
        Assert.True((await second.Hypervisor(HostA).ReleaseSwitchOverAsync(vm, TimeSpan.FromSeconds(10), None)).IsOk);
        await UntilAsync("it runs on host2", async () => await StateAsync(hosts.B, vm) == VmState.Running);
        await UntilAsync("it is off on host1", async () => await StateAsync(hosts.A, vm) == VmState.ShutOff);
    }

    [Theory]
    [InlineData("libvirtd")]
    [InlineData("qemu")]
    public async Task A_VM_runs_on_at_its_source_when_something_dies_at_the_destination(string what)
    {
        var vm = await CopyingAsync();

        await lab.Lab.RunAsync("enter", HostB.Value, "sh", "-c", what == "libvirtd"
            ? "kill -9 $(cat /run/libvirtd.pid)"
            : $"kill -9 $(cat /run/libvirt/qemu/{vm}.pid)");

        await RunsOnAtSourceAloneAsync(vm);
    }

    [Fact]
    public async Task A_VM_runs_on_at_its_source_when_the_link_is_cut_during_the_copy()
    {
        var vm = await CopyingAsync();

        await lab.Lab.RunAsync("cut", HostB.Value);
        await UntilAsync("libvirt gives the migration up", async () =>
            await hosts.A.ObserveMigrationAsync(vm, None) is { IsOk: true, Value.Phase: MigrationPhase.None });
        Assert.Equal(VmState.Running, await StateAsync(hosts.A, vm));
        Assert.Equal(FaultKind.Unreachable, (await hosts.B.ObserveVmAsync(vm, None)).Fault?.Kind);
        await lab.Lab.RunAsync("heal", HostB.Value);

        await RunsOnAtSourceAloneAsync(vm);
    }

    [Fact]
    public async Task A_migration_over_a_cut_link_can_be_aborted()
    {
        var vm = await CopyingAsync();
        await lab.Lab.RunAsync("cut", HostB.Value);

        var aborted = await hosts.A.AbortMigrationAsync(vm, None);
        await lab.Lab.RunAsync("heal", HostB.Value);

        Assert.True(aborted.IsOk, $"{aborted}");
        await RunsOnAtSourceAloneAsync(vm);
    }

    [Fact]
    public void The_machines_own_network_has_nothing_of_the_lab()
    {
        var links = Directory.GetDirectories("/sys/class/net").Select(Path.GetFileName).ToArray();

        Assert.DoesNotContain(links, l => l!.StartsWith("to-host", StringComparison.Ordinal) || l == "lan");
        Assert.DoesNotContain("10.77.0.", File.ReadAllText("/proc/net/fib_trie"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lab_ends_with_its_owner()
    {
        var folder = Directory.CreateTempSubdirectory("rb-lab-").FullName;
        var other = new LabCommand(folder);
        using var owner = Process.Start(new ProcessStartInfo("sleep", ["600"]) { UseShellExecute = false })!;
        await other.RunOwnedAsync(owner.Id, "start", "1");
        Assert.Contains("host1 on", await other.RunAsync("status"), StringComparison.Ordinal);

        owner.Kill();
        await owner.WaitForExitAsync();

        await UntilAsync("the lab's folder is gone", () => Task.FromResult(!Directory.Exists(folder)));
    }

    private static GuestSpec Writing { get; } = new(WriteMiBs: SlowMiBs * 3, WorkingSetMiB: 16);

    private static MigrationRequest Slowly(VmName vm) => new(vm, HostB, SlowMiBs, HoldSwitchOver: true);

    /// <summary>A guest whose copy is under way and cannot end before it is released.</summary>
    private async Task<VmName> CopyingAsync()
    {
        var vm = await hosts.DefineAsync(Writing);
        Assert.True((await hosts.A.StartAsync(vm, None)).IsOk);
        await hosts.UntilGuestIsUpAsync(vm);
        var started = await hosts.A.StartMigrationAsync(Slowly(vm), None);
        Assert.True(started.IsOk, $"{started}");
        await UntilAsync("it is being copied", async () =>
            await hosts.A.ObserveMigrationAsync(vm, None) is { IsOk: true, Value: { Phase: MigrationPhase.PreCopy, SentBytes: > 0 } });
        return vm;
    }

    private async Task RunsOnAtSourceAloneAsync(VmName vm)
    {
        await UntilAsync("the job has ended", async () =>
            await hosts.A.ObserveMigrationAsync(vm, None) is { IsOk: true, Value.Phase: MigrationPhase.None });
        await UntilAsync("it is gone from host2", async () => (await hosts.B.ObserveVmAsync(vm, None)).Fault?.Kind == FaultKind.NotFound);
        Assert.Equal(VmState.Running, await StateAsync(hosts.A, vm));
        var before = lab.Beats(vm).Count;
        await UntilAsync("it beats on", () => Task.FromResult(lab.Beats(vm).Count >= before + 2));
        AssertOneHeartbeat(vm);
    }

    /// <summary>Two copies would both write their counters into the one file; a restart would begin at 1 again.</summary>
    private void AssertOneHeartbeat(VmName vm)
    {
        var beats = lab.Beats(vm);
        Assert.Equal(Enumerable.Range(1, beats.Count), beats);
    }

    private static async Task<VmState?> StateAsync(IHypervisor on, VmName vm) =>
        await on.ObserveVmAsync(vm, None) is { IsOk: true, Value: var seen } ? seen.State : null;

    private static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!await holds())
        {
            Assert.False(limit.IsCancellationRequested, $"Waited {Limit.TotalSeconds:0} s until {what}.");
            await Task.Delay(100);
        }
    }

    private string KnownHosts() => File.ReadAllText(Path.Combine(lab.Folder, "ssh", "known_hosts"));

    private string ConfigWithKnownHosts(string name, string content)
    {
        var folder = Path.Combine(lab.Folder, "ssh");
        var known = Path.Combine(folder, $"known_hosts.{name}");
        var config = Path.Combine(folder, $"config.{name}");
        File.WriteAllText(known, content);
        File.WriteAllText(config, File.ReadAllText(Path.Combine(folder, "config")).Replace($"{folder}/known_hosts", known, StringComparison.Ordinal));
        return config;
    }
}
