using System.Text;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;
using Runbooks.Hypervisors.Tests.Libvirt;
using Runbooks.Hypervisors.Xen;

namespace Runbooks.Hypervisors.Tests.Xen;

/// <summary>What the Xen driver makes of what hosts answer.</summary>
public sealed class XenDriver
{
    private const string Uuid = "f0627663-b348-4aa0-9680-c5948b8eff81";

    private static readonly HostName Host = new("xen1");
    private static readonly HostName Other = new("xen2");
    private static readonly VmName Vm = new("u1");

    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task A_host_tells_of_running_and_defined_VMs_and_of_the_memory_that_guests_can_have()
    {
        var driver = Driver(_ => Answer("-b----", info: "nr_cpus : 4\nfree_memory : 400"), out _);

        var seen = (await driver.ObserveAsync(None)).Value;

        Assert.Equal((4, 496, 400), (seen.Cpus, seen.MemoryMiB, seen.MemoryFreeMiB));
        var vm = Assert.Single(seen.Vms);
        Assert.Equal((Vm, VmState.Running, 96, true), (vm.Name, vm.State, vm.MemoryMiB, vm.Persistent!.Value));
    }

    [Theory]
    [InlineData("Willkommen!\n")]
    [InlineData("")]
    [InlineData("@@uptime\n100\n@@definitions\n@@jobs\n@@info\n@@list\n")]
    [InlineData("@@uptime\n100\n@@definitions\n@@jobs\n@@info\n@@list\nName\n@@end\n")]
    public async Task An_answer_that_makes_no_sense_is_a_bad_answer_and_proves_no_absence(string output)
    {
        var driver = Driver(_ => new RemoteOutput(0, output, string.Empty), out _);

        Assert.Equal(FaultKind.BadAnswer, (await driver.ObserveVmAsync(Vm, None)).Fault?.Kind);
        Assert.Equal(FaultKind.BadAnswer, (await driver.ObserveAsync(None)).Fault?.Kind);
    }

    [Theory]
    [InlineData("sh: 1: xl: not found", FaultKind.Unsupported)]
    [InlineData("xencall: error: Could not obtain handle on privileged command interface: No such file or directory\ncannot init xl context", FaultKind.Unreachable)]
    public async Task A_host_that_does_not_run_Xen_says_so(string errors, FaultKind kind)
    {
        var driver = Driver(_ => new RemoteOutput(127, "@@uptime\n1\n", errors), out _);

        var fault = (await driver.ObserveVmAsync(Vm, None)).Fault!;

        Assert.Equal(kind, fault.Kind);
        Assert.NotNull(fault.Advice);
    }

    [Fact]
    public async Task Absence_is_proven_by_a_list_without_the_VM_and_no_definition() =>
        Assert.Equal(FaultKind.NotFound, (await Driver(_ => Answer(null, defined: false), out _).ObserveVmAsync(Vm, None)).Fault?.Kind);

    [Fact]
    public async Task What_xl_has_no_word_for_is_unsupported_and_nothing_is_sent()
    {
        var driver = Driver(_ => Answer("-b----"), out var shell);
        var plain = new MigrationRequest(Vm, Other, null, HoldSwitchOver: true);
        MigrationRequest[] wishes =
        [
            plain with { BandwidthMiBs = 8 }, plain with { AllowPostCopy = true }, plain with { Compressed = true }, plain with { Connections = 2 },
            plain with { AutoConverge = new AutoConverge() }, plain with { Stopped = true },
        ];

        foreach (var wish in wishes)
        {
            Assert.Equal(FaultKind.Unsupported, (await driver.StartMigrationAsync(wish, None)).Fault?.Kind);
        }

        Assert.Empty(shell.Asked);
        Assert.Equal(FaultKind.Unsupported, (await ((IHypervisor)driver).SetMigrationBandwidthAsync(Vm, 8, None)).Fault?.Kind);
        Assert.Equal(FaultKind.Unsupported, (await ((IHypervisor)driver).SwitchToPostCopyAsync(Vm, None)).Fault?.Kind);
        Assert.Equal(FaultKind.Unsupported, (await driver.CompletedMigrationAsync(Vm, None)).Fault?.Kind);
        Assert.Equal(HypervisorFeatures.LiveMigration | HypervisorFeatures.AbortMigration | HypervisorFeatures.EndsOnlyHalfCopies, driver.Features);
    }

    [Fact]
    public async Task A_VM_does_not_go_to_a_host_of_another_hypervisor()
    {
        var fault = (await Driver(_ => Answer("-b----"), out _).StartMigrationAsync(new(Vm, new HostName("kvm1"), null, false), None)).Fault!;

        Assert.Equal(FaultKind.Refused, fault.Kind);
        Assert.Contains("not among the fleet's Xen hosts", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("started\n", null)]
    [InlineData("ended 0\nMigration successful.\n", null)]
    [InlineData("busy\n", FaultKind.Refused)]
    [InlineData("waiting\n", FaultKind.UnknownOutcome)]
    [InlineData("ended 1\nMigration failed due to problems at target\n", FaultKind.Refused)]
    [InlineData("", FaultKind.UnknownOutcome)]
    public async Task A_start_is_judged_by_what_its_program_said_and_by_the_VM(string said, FaultKind? kind)
    {
        var driver = Driver(c => Changes(c) ? new RemoteOutput(0, said, string.Empty) : Answer("-b----"), out _);

        Assert.Equal(kind, (await driver.StartMigrationAsync(new(Vm, Other, null, false), None)).Fault?.Kind);
    }

    [Fact]
    public async Task A_start_that_failed_over_a_VM_that_stands_still_is_in_doubt()
    {
        var started = false;
        var driver = Driver(
            c =>
            {
                started |= Changes(c);
                return Changes(c) ? new RemoteOutput(0, "ended 1\nbadly\n", string.Empty) : Answer(started ? "---ss-" : "-b----");
            },
            out _);

        Assert.Equal(FaultKind.UnknownOutcome, (await driver.StartMigrationAsync(new(Vm, Other, null, false), None)).Fault?.Kind);
    }

    [Fact]
    public async Task A_Xen_without_shadow_paging_is_named_as_the_reason()
    {
        var driver = Driver(c => Changes(c) ? new RemoteOutput(0, "ended 1\nxc: error: Failed to enable logdirty: 95,22,0\n", string.Empty) : Answer("-b----"), out _);

        Assert.Contains("shadow paging", (await driver.StartMigrationAsync(new(Vm, Other, null, false), None)).Fault!.Advice!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("---ss-", true)]
    [InlineData("--p---", true)]
    [InlineData("---ss-", false)]
    [InlineData("--p---", false)]
    public async Task Nothing_is_resumed_while_a_process_moves_it(string flags, bool job)
    {
        var driver = Driver(c => Changes(c) ? new RemoteOutput(0, string.Empty, string.Empty) : Answer(flags, job: job), out var shell);

        var resumed = await driver.ResumeAsync(Vm, None);

        Assert.Equal(job, resumed.Fault?.Kind == FaultKind.Refused);
        Assert.Equal(!job, shell.Asked.Exists(Changes));
    }

    [Theory]
    [InlineData("--incoming", "--p---")]
    [InlineData("(null)", "--pss-")]
    public async Task A_half_arrived_copy_and_one_that_is_being_taken_down_are_not_resumed(string name, string flags)
    {
        var driver = Driver(_ => Answer(flags, name: name.StartsWith('(') ? name : $"u1{name}"), out var shell);

        Assert.Equal(FaultKind.Refused, (await driver.ResumeAsync(Vm, None)).Fault?.Kind);
        Assert.DoesNotContain(shell.Asked, Changes);
    }

    [Theory]
    [InlineData("ended", "-b----", null)]
    [InlineData("none", "-b----", null)]
    [InlineData("late", "---ss-", FaultKind.Refused)]
    [InlineData("ended", "---ss-", FaultKind.UnknownOutcome)]
    [InlineData("", "-b----", FaultKind.UnknownOutcome)]
    public async Task An_abort_is_judged_by_what_is_left(string said, string flags, FaultKind? kind)
    {
        var asked = false;
        var driver = Driver(
            c =>
            {
                asked |= Changes(c);
                return Changes(c) ? new RemoteOutput(0, said, string.Empty) : Answer(flags, job: !asked);
            },
            out _);

        Assert.Equal(kind, (await driver.AbortMigrationAsync(Vm, None)).Fault?.Kind);
    }

    [Fact]
    public async Task Aborting_without_a_job_sends_nothing()
    {
        var driver = Driver(_ => Answer("-b----"), out var shell);

        Assert.True((await driver.AbortMigrationAsync(Vm, None)).IsOk);
        Assert.DoesNotContain(shell.Asked, Changes);
    }

    [Theory]
    [InlineData("u1", "-b----", "itself")]
    [InlineData("u1--incoming", "--p---", "incoming")]
    [InlineData("u1--migratedaway", "---ss-", "away")]
    [InlineData("(null)", "--pss-", "nameless")]
    public async Task Only_the_copy_that_was_seen_is_destroyed(string name, string flags, string which)
    {
        var driver = Driver(c => Changes(c) ? new RemoteOutput(0, string.Empty, string.Empty) : Answer(flags, name: name), out var shell);

        Assert.True((await driver.DestroyAsync(Vm, None)).IsOk);

        Assert.Equal(["u1", Uuid, which], Assert.Single(shell.Asked, Changes).Words.TakeLast(3));
    }

    [Fact]
    public async Task The_definition_of_a_VM_with_a_copy_is_not_removed()
    {
        var driver = Driver(_ => Answer("---ss-", name: "u1--migratedaway"), out var shell);

        Assert.Equal(FaultKind.Refused, (await driver.UndefineAsync(Vm, None)).Fault?.Kind);
        Assert.DoesNotContain(shell.Asked, Changes);
    }

    [Fact]
    public async Task A_lost_answer_stays_in_doubt_unless_the_state_proves_that_it_was_done()
    {
        var lost = new HypervisorFault(FaultKind.UnknownOutcome, Host, "lost");
        var asked = false;
        var stillOff = Driver(c => Changes(c) ? lost : Answer(null), out _);
        var runs = Driver(
            c =>
            {
                var answer = asked ? Answer("-b----") : Answer(null);
                asked |= Changes(c);
                return Changes(c) ? lost : answer;
            },
            out _);

        Assert.Equal(FaultKind.UnknownOutcome, (await stillOff.StartAsync(Vm, None)).Fault?.Kind);
        Assert.True((await runs.StartAsync(Vm, None)).IsOk);
    }

    [Theory]
    [InlineData("libvirt-xml", "<domain/>", FaultKind.Unsupported)]
    [InlineData("xl", "name = \"other\"\nmemory = 96\n", FaultKind.Refused)]
    [InlineData("xl", "name = ", FaultKind.Refused)]
    public async Task A_definition_that_is_not_this_VMs_is_not_sent(string format, string text, FaultKind kind)
    {
        var driver = Driver(_ => Answer(null, defined: false), out var shell);

        Assert.Equal(kind, (await driver.Definitions!.DefineAsync(Vm, new VmDefinition(format, text), None)).Fault?.Kind);
        Assert.DoesNotContain(shell.Asked, Changes);
    }

    [Fact]
    public async Task Every_word_of_every_command_can_be_quoted()
    {
        var driver = Driver(c => Changes(c) ? new RemoteOutput(0, "started", string.Empty) : Answer("-b----"), out var shell);
        _ = await driver.StartMigrationAsync(new(Vm, Other, null, false), None);
        _ = await driver.AbortMigrationAsync(Vm, None);
        _ = await driver.SuspendAsync(Vm, None);
        _ = await driver.DestroyAsync(Vm, None);
        _ = await driver.Definitions!.DefineAsync(Vm, new VmDefinition("xl", AnswersOfXl.Config("u1", Uuid)), None);

        Assert.NotEmpty(shell.Asked);
        Assert.All(shell.Asked, c => Assert.NotEmpty(PosixQuoting.Join(c.Words)));
    }

    private static bool Changes(RemoteCommand command) => command.Effect == Effect.Changes;

    private static RemoteOutput Answer(string? flags, bool defined = true, bool job = false, string name = "u1", string info = "")
    {
        var definition = defined ? $"u1 {Convert.ToBase64String(Encoding.UTF8.GetBytes(AnswersOfXl.Config("u1", Uuid)))}\n" : string.Empty;
        var process = job ? $"10 {Convert.ToBase64String("xl\0migrate\0u1\0xen2\0"u8)}\n" : string.Empty;
        var row = flags is null ? string.Empty : $"{name} 1 96 1 {flags} 10.0 {Uuid} - -\n";
        return new RemoteOutput(
            0,
            $"@@uptime\n100.5\n@@definitions\n{definition}@@jobs\n{process}@@info\n{info}\n@@list\nName ID Mem VCPUs State Time(s) UUID\nDomain-0 0 512 1 r----- 50.0 {Guid.Empty} - -\n{row}@@end\n",
            string.Empty);
    }

    private static XenHypervisor Driver(Func<RemoteCommand, Result<RemoteOutput>> answer, out ScriptedShell shell)
    {
        shell = new ScriptedShell(answer);
        var there = new XenHypervisor(new XenHost(Other, "xen2", "xen2"), new ScriptedShell(_ => Answer(null, defined: false)), _ => null, TimeProvider.System);
        return new XenHypervisor(
            new XenHost(Host, "xen1", "xen1"),
            shell,
            name => name == Other ? (new XenHost(Other, "xen2", "xen2"), there) : null,
            TimeProvider.System);
    }
}
