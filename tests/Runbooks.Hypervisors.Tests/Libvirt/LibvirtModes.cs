using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Tests.Libvirt;

/// <summary>What the libvirt driver sends for each mode, and what it makes of a post-copy's states.</summary>
public sealed class LibvirtModes
{
    private const string StillRunning = "error: internal error: unable to execute QEMU command 'migrate': QEMU reports migration is still running\n";

    private static readonly VmName Vm = new("web1");
    private static readonly LibvirtHost Source = new(new HostName("host1"), "host1", "qemu+ssh://root@host1/system");
    private static readonly LibvirtHost Destination = new(new HostName("host2"), "host2", "qemu+ssh://root@host2/system");
    private static readonly MigrationRequest Plain = new(Vm, Destination.Name, null, HoldSwitchOver: false);

    [Theory]
    [InlineData(3, 2, "Job type: 2\noperation: 5", MigrationPhase.StopAndCopy)]
    [InlineData(3, 12, "Job type: 2\noperation: 5", MigrationPhase.PostCopy)]
    [InlineData(3, 13, "Job type: 2\noperation: 5", MigrationPhase.PostCopyFailed)]
    [InlineData(3, 13, "Job type: 0", MigrationPhase.PostCopyFailed)]
    [InlineData(1, 1, "Job type: 2\noperation: 5", MigrationPhase.PreCopy)]
    [InlineData(1, 1, "Job type: 2\noperation: 4", MigrationPhase.None)]
    [InlineData(5, 4, "Job type: 0", MigrationPhase.None)]
    public async Task The_source_tells_the_phase(int state, int reason, string job, MigrationPhase expected) =>
        Assert.Equal(expected, (await Driver(_ => Job(job, state, reason)).Driver.ObserveMigrationAsync(Vm, CancellationToken.None)).Value.Phase);

    [Fact]
    public async Task Limits_and_throttle_of_a_job_are_read()
    {
        var (driver, _) = Driver(_ => Job("Job type: 2\noperation: 5\nauto_converge_throttle: 30\nmemory_postcopy_requests: 35", 1, 1, "450", "16"));

        var seen = (await driver.ObserveMigrationAsync(Vm, CancellationToken.None)).Value;

        Assert.Equal((30, 35L, TimeSpan.FromMilliseconds(450), (int?)16), (seen.ThrottlePercent, seen.PostCopyRequests, seen.AllowedDowntime!.Value, seen.BandwidthLimitMiBs));
    }

    [Fact]
    public async Task A_job_without_a_limit_has_none() =>
        Assert.Null((await Driver(_ => Job("Job type: 2\noperation: 5", 1, 1, "300", "8796093022207")).Driver.ObserveMigrationAsync(Vm, CancellationToken.None)).Value.BandwidthLimitMiBs);

    [Fact]
    public void Each_mode_has_its_words()
    {
        static string Words(MigrationRequest request) => string.Join(' ', MigrationScript.Command(Source, Destination.MigrationUri, request).Words.SkipWhile(w => w != "migrate"));

        Assert.Equal("migrate --p2p --live --persistent --domain web1 --desturi qemu+ssh://root@host2/system", Words(Plain));
        Assert.Equal("migrate --p2p --persistent --domain web1 --desturi qemu+ssh://root@host2/system", Words(Plain with { Stopped = true }));
        Assert.Contains("--live --persistent --bandwidth 16 --postcopy --postcopy-bandwidth 32 --domain", Words(Plain with { BandwidthMiBs = 16, AllowPostCopy = true, PostCopyBandwidthMiBs = 32 }), StringComparison.Ordinal);
        Assert.Contains("--compressed --comp-methods xbzrle --comp-xbzrle-cache 134217728 --domain", Words(Plain with { Compressed = true }), StringComparison.Ordinal);
        Assert.Contains("--parallel --parallel-connections 4 --domain", Words(Plain with { Connections = 4 }), StringComparison.Ordinal);
        Assert.Contains("--auto-converge --auto-converge-initial 20 --auto-converge-increment 10 --domain", Words(Plain with { AutoConverge = new AutoConverge() }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, null, "1")]
    [InlineData(false, null, "300")]
    [InlineData(false, 450, "450")]
    public void The_downtime_is_said_at_the_start(bool hold, int? downtimeMs, string expected)
    {
        var request = Plain with { HoldSwitchOver = hold, MaxDowntime = downtimeMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null };

        Assert.Equal(["web1", expected, "8796093022207"], MigrationScript.Command(Source, Destination.MigrationUri, request).Words.Skip(4).Take(3));
    }

    [Fact]
    public async Task A_post_copy_whose_connection_is_held_for_alive_is_not_touched_until_it_is_given_up()
    {
        var (driver, shell) = Driver(c => c.Effect == Effect.Changes
            ? new RemoteOutput(0, $"ended 1\n{StillRunning}", string.Empty)
            : Job("Job type: 2\noperation: 5\nmemory_processed: 100", 3, 13));

        Assert.Equal(PostCopyRecovery.HeldAlive, (await driver.RecoverPostCopyAsync(Plain, CancellationToken.None)).Value);
        Assert.Contains(shell.Asked, c => c.Words.Contains("--postcopy-resume"));
        Assert.DoesNotContain(shell.Asked, c => c.Words.Contains("domjobabort"));

        _ = await driver.BreakPostCopyAsync(Plain.Vm, CancellationToken.None);
        Assert.Contains(shell.Asked, c => c.Words.Contains("domjobabort") && c.Words.Contains("--postcopy"));
    }

    [Fact]
    public async Task A_post_copy_that_could_not_be_recovered_says_why()
    {
        var (driver, _) = Driver(c => c.Effect == Effect.Changes
            ? new RemoteOutput(0, "ended 1\nerror: Requested operation is not valid: migration of domain web1 is being actively monitored by another thread", string.Empty)
            : Job("Job type: 2\noperation: 5", 3, 13));

        var fault = (await driver.RecoverPostCopyAsync(Plain, CancellationToken.None)).Fault;

        Assert.Equal(FaultKind.UnknownOutcome, fault?.Kind);
        Assert.Contains("another thread", fault?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_post_copy_that_is_well_is_not_recovered()
    {
        var (driver, shell) = Driver(_ => Job("Job type: 2\noperation: 5", 3, 12));

        Assert.True((await driver.RecoverPostCopyAsync(Plain, CancellationToken.None)).IsOk);
        Assert.DoesNotContain(shell.Asked, c => c.Effect == Effect.Changes);
    }

    [Theory]
    [InlineData("error: Guest agent is not responding: QEMU guest agent is not connected", GuestAnswer.NoAgent)]
    [InlineData("error: argument unsupported: QEMU guest agent is not configured", GuestAnswer.NoAgent)]
    [InlineData("error: Guest agent is not responding: Guest agent not available for now", GuestAnswer.Silent)]
    public async Task A_guest_without_an_agent_is_not_taken_for_a_dead_one(string said, GuestAnswer expected) =>
        Assert.Equal(expected, (await Driver(_ => new RemoteOutput(1, string.Empty, said)).Driver.AskGuestAsync(Vm, CancellationToken.None)).Value);

    private static RemoteOutput Job(string job, int state, int reason, string downtime = "300", string speed = "8796093022207") => new(
        0,
        $"@@job\n{job}\n@@state\nDomain: 'web1'\n  state.state={state}\n  state.reason={reason}\n@@downtime\n{downtime}\n@@speed\n{speed}\n@@end\n",
        string.Empty);

    private static (LibvirtHypervisor Driver, ScriptedShell Shell) Driver(Func<RemoteCommand, Result<RemoteOutput>> answer)
    {
        var shell = new ScriptedShell(answer);
        var peer = new LibvirtHypervisor(Destination, new ScriptedShell(_ => new RemoteOutput(1, string.Empty, "not asked")), _ => null, TimeProvider.System);
        return (new LibvirtHypervisor(Source, shell, _ => (Destination, peer), TimeProvider.System), shell);
    }
}
