using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Tests.Libvirt;

/// <summary>What the libvirt driver makes of answers that a healthy host does not give.</summary>
public sealed class LibvirtDriver
{
    private const string Uuid = "a065ecfa-880d-44e5-835b-e36b5bf02518";

    private static readonly HostName Host = new("host1");
    private static readonly VmName Vm = new("web1");

    [Fact]
    public async Task An_answer_that_makes_no_sense_is_a_bad_answer_that_names_the_command()
    {
        var driver = Driver(_ => new RemoteOutput(0, "Welcome to host1! Have a nice day.\n", string.Empty), out _);

        var fault = (await driver.ObserveAsync(CancellationToken.None)).Fault;

        Assert.Equal(FaultKind.BadAnswer, fault?.Kind);
        Assert.Contains("nodeinfo", fault!.Message, StringComparison.Ordinal);
        Assert.False(fault.NothingChanged);
    }

    [Fact]
    public async Task Absence_is_not_proven_by_a_listing_that_failed()
    {
        // virsh goes on after a failed command and ends with 0, because its last command, echo, went well.
        var driver = Driver(
            _ => new RemoteOutput(0, "@@stats\n@@persistent\n@@vms\n@@end\n", "error: failed to get domain 'web1'\nerror: Failed to list domains\nerror: End of file while reading data: Input/output error\n"),
            out _);

        Assert.Equal(FaultKind.Unreachable, (await driver.ObserveVmAsync(Vm, CancellationToken.None)).Fault?.Kind);
    }

    [Fact]
    public async Task Absence_is_proven_by_a_listing_without_the_VM()
    {
        var driver = Driver(_ => new RemoteOutput(0, "@@stats\n@@persistent\n@@vms\n@@end\n", "error: failed to get domain 'web1'\n"), out _);

        Assert.Equal(FaultKind.NotFound, (await driver.ObserveVmAsync(Vm, CancellationToken.None)).Fault?.Kind);
    }

    [Fact]
    public async Task A_lost_answer_stays_in_doubt_unless_the_state_proves_that_it_was_done()
    {
        var lost = new HypervisorFault(FaultKind.UnknownOutcome, Host, "lost");
        var stillOff = Driver(c => Changes(c) ? lost : State(5, 0), out _);
        var runs = Driver(c => Changes(c) ? lost : State(1, 1), out _);

        Assert.Equal(FaultKind.UnknownOutcome, (await stillOff.StartAsync(Vm, CancellationToken.None)).Fault?.Kind);
        Assert.True((await runs.StartAsync(Vm, CancellationToken.None)).IsOk);
    }

    [Fact]
    public async Task The_definition_of_a_paused_copy_is_not_removed_and_nothing_is_sent()
    {
        var driver = Driver(_ => State(3, 2), out var shell);

        Assert.Equal(FaultKind.Refused, (await driver.UndefineAsync(Vm, CancellationToken.None)).Fault?.Kind);
        Assert.DoesNotContain(shell.Asked, Changes);
    }

    [Fact]
    public async Task A_copy_that_is_paused_migrating_without_a_job_is_left_in_doubt_and_not_aborted()
    {
        var driver = Driver(_ => Job("Job type: 0", 3, 2), out var shell);

        var fault = (await driver.AbortMigrationAsync(Vm, CancellationToken.None)).Fault;

        Assert.Equal(FaultKind.UnknownOutcome, fault?.Kind);
        Assert.DoesNotContain(shell.Asked, Changes);
    }

    [Theory]
    [InlineData(3, 12)]
    [InlineData(3, 13)]
    public async Task A_migration_in_post_copy_is_not_aborted(int state, int reason)
    {
        var driver = Driver(_ => Job("Job type: 2\noperation: 5", state, reason), out var shell);

        Assert.Equal(FaultKind.Refused, (await driver.AbortMigrationAsync(Vm, CancellationToken.None)).Fault?.Kind);
        Assert.DoesNotContain(shell.Asked, Changes);
    }

    [Fact]
    public async Task Another_job_than_a_migration_away_is_not_aborted()
    {
        var driver = Driver(_ => Job("Job type: 2\noperation: 2", 1, 1), out var shell);

        Assert.Equal(FaultKind.Refused, (await driver.AbortMigrationAsync(Vm, CancellationToken.None)).Fault?.Kind);
        Assert.DoesNotContain(shell.Asked, Changes);
    }

    [Fact]
    public async Task A_VM_whose_guest_stands_still_during_its_job_is_in_stop_and_copy()
    {
        var driver = Driver(_ => Job("Job type: 2\noperation: 5\nmemory_iteration: 4", 3, 2), out _);

        var progress = (await driver.ObserveMigrationAsync(Vm, CancellationToken.None)).Value;

        Assert.Equal((MigrationPhase.StopAndCopy, 4), (progress.Phase, progress.Round));
    }

    [Fact]
    public async Task A_migration_that_virsh_gave_up_is_refused_only_if_the_VM_runs_here_without_a_job()
    {
        const string reason = "error: internal error: client socket is closed\n";
        foreach (var (state, stateReason, expected) in new[] { (1, 1, FaultKind.Refused), (3, 2, FaultKind.UnknownOutcome) })
        {
            var started = false;
            var driver = Driver(
                c =>
                {
                    if (!Changes(c))
                    {
                        return started ? Job("Job type: 0", state, stateReason) : Job("Job type: 0", 1, 1);
                    }

                    started = true;
                    return new RemoteOutput(0, $"ended 1\n{reason}", string.Empty);
                },
                out _);

            var fault = (await driver.StartMigrationAsync(new MigrationRequest(Vm, new HostName("host2"), null, HoldSwitchOver: false), CancellationToken.None)).Fault;

            Assert.Equal(expected, fault?.Kind);
            Assert.Contains("client socket is closed", fault!.Message, StringComparison.Ordinal);
        }
    }

    private static bool Changes(RemoteCommand command) => command.Effect == Effect.Changes;

    private static RemoteOutput State(int state, int reason) => new(
        0,
        $"@@stats\nDomain: 'web1'\n  state.state={state}\n  state.reason={reason}\n  balloon.current=98304\n  vcpu.current=1\n@@persistent\nweb1\n@@vms\n{Uuid} web1\n@@end\n",
        string.Empty);

    private static RemoteOutput Job(string job, int state, int reason) =>
        new(0, $"@@job\n{job}\n@@state\nDomain: 'web1'\n  state.state={state}\n  state.reason={reason}\n@@end\n", string.Empty);

    private static LibvirtHypervisor Driver(Func<RemoteCommand, Result<RemoteOutput>> answer, out ScriptedShell shell)
    {
        shell = new ScriptedShell(answer);
        var there = new LibvirtHost(new HostName("host2"), "host2", "qemu+ssh://root@host2/system");
        var absent = new ScriptedShell(_ => new RemoteOutput(0, "@@stats\n@@persistent\n@@vms\n@@end\n", "error: failed to get domain 'web1'\n"));
        var peer = new LibvirtHypervisor(there, absent, _ => null, TimeProvider.System);
        return new LibvirtHypervisor(
            new LibvirtHost(Host, "host1", "qemu+ssh://root@host1/system"), shell, _ => (there, peer), TimeProvider.System);
    }
}
