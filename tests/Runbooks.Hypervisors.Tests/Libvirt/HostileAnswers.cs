using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Tests.Libvirt;

/// <summary>A virsh that is broken or lies: nothing that it says proves that a VM is absent, stopped, or was left as it was.</summary>
public sealed class HostileAnswers
{
    private const string Uuid = "a065ecfa-880d-44e5-835b-e36b5bf02518";

    private static readonly HostName Host = new("host1");
    private static readonly VmName Vm = new("web1");

    public static TheoryData<string, int, string, string> Answers => new()
    {
        { "nothing", 0, "", "" },
        { "a greeting", 0, "Welcome to host1!\n", "" },
        { "binary", 0, "\0\u0001\ufffd@@stats\0\u001b[2J\ufffd", "" },
        { "the marks without their parts", 0, "@@stats\n@@job\n@@state\n@@end\n", "" },
        { "half an answer", 0, "@@stats\nDomain: 'web1'\n  state.state=1\n@@persistent\n", "" },
        { "numbers that are none", 0, "@@stats\nDomain: 'web1'\n  state.state=one\n  state.reason=99999999999999999999\n@@persistent\n@@vms\n" + Uuid + " web1\n@@job\nJob type: x\n@@state\nDomain: 'web1'\n@@end\n", "" },
        { "another VM", 0, "@@stats\nDomain: 'web2'\n  state.state=5\n  state.reason=1\n  balloon.current=1\n  vcpu.current=1\n@@persistent\n@@vms\n" + Uuid + " web1\n@@end\n", "" },
        { "a VM whose name ends with a quote", 0, "@@stats\nDomain: 'web1''\n  state.state=5\n  state.reason=1\n  balloon.current=1\n  vcpu.current=1\n@@persistent\n@@vms\n" + Uuid + " web1\n@@end\n", "" },
        { "German", 1, "", "Fehler: Domain 'web1' konnte nicht gefunden werden\n" },
        { "a success with errors", 0, "@@stats\n@@persistent\n@@vms\n@@end\n", "error: internal error: something went wrong\n" },
        { "a crash", 139, "", "Segmentation fault\n" },
        { "no virsh", 127, "", "sh: 1: virsh: not found\n" },
        { "marks over and over", 0, string.Concat(Enumerable.Repeat("@@vms\n@@end\n", 1000)), "" },
        { "one line without end", 0, new string('x', 1_000_000), "" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task What_is_read_from_it_is_a_fault_that_proves_nothing(string what, int code, string output, string errors)
    {
        var driver = Driver(_ => new RemoteOutput(code, output, errors));

        await ProvesNothingAsync(what, driver.ObserveAsync);
        await ProvesNothingAsync(what, token => driver.ObserveVmAsync(Vm, token));
        await ProvesNothingAsync(what, token => driver.ObserveMigrationAsync(Vm, token));
        await ProvesNothingAsync(what, token => driver.CompletedMigrationAsync(Vm, token));
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task What_is_changed_through_it_is_never_called_done_unless_virsh_said_so(string what, int code, string output, string errors)
    {
        var driver = Driver(_ => new RemoteOutput(code, output, errors));

        // These look first, and what they see proves nothing: so nothing is asked for, or its end stays open.
        Assert.False((await driver.AbortMigrationAsync(Vm, CancellationToken.None)).IsOk, what);
        Assert.False((await driver.UndefineAsync(Vm, CancellationToken.None)).IsOk, what);
        Assert.False((await driver.StartMigrationAsync(new MigrationRequest(Vm, new HostName("host2"), null, HoldSwitchOver: true), CancellationToken.None)).IsOk, what);
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task A_migration_whose_start_is_answered_so_may_be_under_way(string what, int code, string output, string errors)
    {
        // The look before is honest; what the script says, and every look after it, is not.
        var asked = 0;
        var driver = Driver(c => c.Effect == Effect.Reads && Volatile.Read(ref asked) == 0
            ? new RemoteOutput(0, "@@job\nJob type: 0\n@@state\nDomain: 'web1'\n  state.state=1\n  state.reason=1\n@@end\n", "")
            : Lie());

        var fault = (await driver.StartMigrationAsync(new MigrationRequest(Vm, new HostName("host2"), null, HoldSwitchOver: true), CancellationToken.None)).Fault;

        Assert.True(fault is { NothingChanged: false }, $"{what}: {fault}");

        RemoteOutput Lie()
        {
            _ = Interlocked.Increment(ref asked);
            return new RemoteOutput(code, output, errors);
        }
    }

    [Theory]
    [InlineData(Effect.Reads, FaultKind.BadAnswer)]
    [InlineData(Effect.Changes, FaultKind.UnknownOutcome)]
    public void An_answer_without_end_is_no_answer(object effect, FaultKind expected)
    {
        var fault = SshFailure.SaidTooMuch(Host, "host1", new RemoteCommand(["virsh"], (Effect)effect, TimeSpan.FromSeconds(1)));

        Assert.Equal(expected, fault.Kind);
        Assert.False(fault.NothingChanged);
    }

    private static async Task ProvesNothingAsync<T>(string what, Func<CancellationToken, Task<Result<T>>> ask)
    {
        var seen = await ask(CancellationToken.None);
        Assert.True(!seen.IsOk, $"{what}: {seen}");
        Assert.True(seen.Fault.Kind != FaultKind.NotFound, $"{what}: {seen}");
        Assert.Equal(Host, seen.Fault.Host);
    }

    private static LibvirtHypervisor Driver(Func<RemoteCommand, Result<RemoteOutput>> answer)
    {
        var there = new LibvirtHost(new HostName("host2"), "host2", "qemu+ssh://root@host2/system");
        var absent = new ScriptedShell(_ => new RemoteOutput(0, "@@stats\n@@persistent\n@@vms\n@@end\n", "error: failed to get domain 'web1'\n"));
        var peer = new LibvirtHypervisor(there, absent, _ => null, TimeProvider.System);
        return new LibvirtHypervisor(new LibvirtHost(Host, "host1", "qemu+ssh://root@host1/system"), new ScriptedShell(answer), _ => (there, peer), TimeProvider.System);
    }
}
