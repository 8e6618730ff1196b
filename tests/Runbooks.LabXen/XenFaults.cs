using Runbooks.Activities.Migration;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Tests.Contract;
using Runbooks.LabXen.Hosts;

namespace Runbooks.LabXen;

/// <summary>What goes wrong with real Xen machines: each ends with one copy running, at the source or at the destination.</summary>
[Collection(XenCollection.Name)]
public sealed class XenFaults(XenMachines machines) : IAsyncLifetime
{
    private readonly XenHarness hosts = new(machines);

    private static CancellationToken None => CancellationToken.None;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await hosts.DisposeAsync();

    [Fact]
    public async Task A_name_that_the_destination_has_keeps_both_where_they_are()
    {
        var vm = await RunningAsync();
        await machines.Lab.RunAsync("guest-define", vm.Value, "xen2");
        await machines.Lab.RunAsync("guest-start", vm.Value, "xen2");

        var refused = await hosts.A.StartMigrationAsync(ToB(vm), None);
        var byHand = await machines.ShellAsync(XenMachines.Xen1, "xl migrate \"$1\" xen2 2>&1; echo \"rc=$?\"", vm.Value);

        Assert.Equal(FaultKind.Refused, refused.Fault?.Kind);
        Assert.DoesNotContain("rc=0", byHand, StringComparison.Ordinal);
        Assert.Equal(VmState.Running, await StateAsync(hosts.A, vm));
        Assert.Equal(VmState.Running, await StateAsync(hosts.B, vm));
        Assert.Equal(MigrationPhase.None, (await hosts.A.ObserveMigrationAsync(vm, None)).Value.Phase);
    }

    [Fact]
    public async Task A_VM_runs_on_at_its_source_when_xl_is_killed_during_the_copy()
    {
        var vm = await CopyingAsync();

        _ = await machines.ShellAsync(XenMachines.Xen1, "kill -9 $(pgrep -f '[x]l migrate') 2>/dev/null; true");

        await RunsOnAtSourceAloneAsync(vm);
    }

    [Fact]
    public async Task A_VM_arrives_when_the_link_was_cut_for_some_seconds()
    {
        var vm = await CopyingAsync();

        await machines.Lab.RunAsync("cut", "xen2");
        var cutAt = (await hosts.A.ObserveMigrationAsync(vm, None)).Value.Elapsed;
        await XenMachines.UntilAsync("the copy has waited for 8 s", async () =>
        {
            var waiting = (await hosts.A.ObserveMigrationAsync(vm, None)).Value;
            Assert.NotEqual(MigrationPhase.None, waiting.Phase);
            return waiting.Elapsed >= cutAt + TimeSpan.FromSeconds(8);
        });
        Assert.Equal(VmState.Running, await StateAsync(hosts.A, vm));
        await machines.Lab.RunAsync("heal", "xen2");

        await XenMachines.UntilAsync($"{vm} runs on xen2 alone", async () =>
            await StateAsync(hosts.B, vm) == VmState.Running && await StateAsync(hosts.A, vm) == VmState.ShutOff);
        await machines.OneCopyBeatsAsync(vm);
    }

    [Fact]
    public async Task A_VM_runs_on_at_its_source_when_the_link_stays_cut()
    {
        var vm = await CopyingAsync();

        await machines.Lab.RunAsync("cut", "xen2");
        await XenMachines.UntilAsync("the migration is given up", async () => await NoJobAsync(vm));
        Assert.Equal(VmState.Running, await StateAsync(hosts.A, vm));
        await machines.Lab.RunAsync("heal", "xen2");
        await XenMachines.UntilAsync("xen2 answers", async () => (await hosts.B.ObserveAsync(None)).IsOk);

        // What is left of the copy is seen for what it is, does not run, and goes when it is told to.
        if (await hosts.B.ObserveVmAsync(vm, None) is { IsOk: true, Value: var half })
        {
            Assert.Equal((VmState.Paused, "migrating"), (half.State, half.StateReason));
            Assert.True((await hosts.B.DestroyAsync(vm, None)).IsOk);
        }

        await RunsOnAtSourceAloneAsync(vm);
    }

    /// <remarks>
    /// The moment is too short to be hit at will: the copy may be suspended, renamed, or half taken down. The same rules
    /// lead each of them to one copy.
    /// </remarks>
    [Fact]
    public async Task One_copy_runs_after_xl_was_killed_while_the_guest_stood_still()
    {
        var vm = await CopyingAsync();
        const string KillWhenSuspended = "n=0; while [ $n -lt 2000 ] && pgrep -f '[x]l migrate' >/dev/null; do n=$((n + 1)); case $(xl list -v) in *ss-*) kill -9 $(pgrep -f '[x]l migrate|runbooks-[m]igrate'); break;; esac; done; true";
        _ = await machines.ShellAsync(XenMachines.Xen1, KillWhenSuspended);
        await XenMachines.UntilAsync("no process moves it", async () => await NoJobAsync(vm));

        // The rules of the runbook's stages.
        var place = await MigrationObserver.LookAsync(machines.Fleet, vm, XenMachines.Xen1, XenMachines.Xen2, None);
        await XenMachines.UntilAsync($"{vm} is at one place; last {place}", async () =>
        {
            place = await MigrationObserver.LookAsync(machines.Fleet, vm, XenMachines.Xen1, XenMachines.Xen2, None);
            switch (place)
            {
                case MigrationPlace.Settling { HalfCopyIsDead: true } or MigrationPlace.Settling { BothStandStill: true }:
                    Assert.True((await hosts.B.DestroyAsync(vm, None)).IsOk);
                    return false;
                case MigrationPlace.StoppedAtSource:
                    Assert.True((await hosts.A.ResumeAsync(vm, None)).IsOk);
                    return false;
                case MigrationPlace.Moved { PausedTwin: true }:
                    Assert.True((await hosts.A.DestroyAsync(vm, None)).IsOk);
                    return false;
                default:
                    return place is MigrationPlace.Moved or MigrationPlace.NotMoved;
            }
        });

        await machines.OneCopyBeatsAsync(vm);
    }

    [Fact]
    public void The_machines_own_network_has_nothing_of_the_lab()
    {
        var links = Directory.GetDirectories("/sys/class/net").Select(Path.GetFileName).ToArray();

        Assert.DoesNotContain(links, l => l!.StartsWith("to-", StringComparison.Ordinal) || l == "lan");
        Assert.DoesNotContain("10.77.0.", File.ReadAllText("/proc/net/fib_trie"), StringComparison.Ordinal);
    }

    private MigrationRequest ToB(VmName vm) => new(vm, hosts.B.Host, null, HoldSwitchOver: false);

    private async Task<VmName> RunningAsync()
    {
        var vm = await hosts.DefineAsync(new GuestSpec(WriteMiBs: 1, WorkingSetMiB: 4));
        var started = await hosts.A.StartAsync(vm, None);
        Assert.True(started.IsOk, $"{started}");
        await hosts.UntilGuestIsUpAsync(vm);
        return vm;
    }

    private async Task<VmName> CopyingAsync()
    {
        var vm = await RunningAsync();
        var started = await hosts.A.StartMigrationAsync(ToB(vm), None);
        Assert.True(started.IsOk, $"{started}");
        await XenMachines.UntilAsync("half a copy is there", async () => await StateAsync(hosts.B, vm) == VmState.Paused);
        return vm;
    }

    private async Task<bool> NoJobAsync(VmName vm) => await hosts.A.ObserveMigrationAsync(vm, None) is { IsOk: true, Value.Phase: MigrationPhase.None };

    private async Task RunsOnAtSourceAloneAsync(VmName vm)
    {
        await XenMachines.UntilAsync("no process moves it", async () => await NoJobAsync(vm));
        await XenMachines.UntilAsync("it is gone from xen2", async () => (await hosts.B.ObserveVmAsync(vm, None)).Fault?.Kind == FaultKind.NotFound);
        Assert.Equal(VmState.Running, await StateAsync(hosts.A, vm));
        await machines.OneCopyBeatsAsync(vm);
    }

    private static async Task<VmState?> StateAsync(IHypervisor on, VmName vm) =>
        await on.ObserveVmAsync(vm, None) is { IsOk: true, Value: var seen } ? seen.State : null;
}
