using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Server.Fleet;
using Runbooks.Workflows.Journal.InMemory;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Tests.Fleet;

/// <summary>A VM whose holder is gone is shown, with what to do; one whose holder is at work is not.</summary>
public sealed class StrayReservationTests
{
    private static readonly VmName Vm = new("web1");

    private readonly InMemoryReservationLedger ledger = new();
    private readonly InMemoryRunStore runs = new(TimeProvider.System);

    [Theory]
    [InlineData(RunStatus.Executing, null)]
    [InlineData(RunStatus.NeedsAttention, null)]
    [InlineData(RunStatus.Compensating, null)]
    [InlineData(RunStatus.Finished, "has ended (finished)")]
    [InlineData(RunStatus.Faulted, "has ended (faulted)")]
    public async Task What_counts_is_whether_the_run_has_ended(RunStatus status, string? said)
    {
        var run = new RunId(Guid.CreateVersion7());
        _ = await runs.CreateAsync(new Run { Id = run, DefinitionId = "migrate-vm", DefinitionVersion = 1, CreatedAt = DateTimeOffset.UnixEpoch, StartedBy = "operator", Status = status }, CancellationToken.None);
        var held = await HoldAsync(run.ToString());

        var found = await new StrayReservations(ledger, runs).FindAsync([held], CancellationToken.None);

        Assert.Equal(said is null ? 0 : 1, found.Count);
        Assert.All(found, p => Assert.Contains(said!, p.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_run_that_is_gone_leaves_its_VM_held_and_the_message_names_hosts_and_commands()
    {
        var held = await HoldAsync(Guid.CreateVersion7().ToString());

        var problem = Assert.Single(await new StrayReservations(ledger, runs).FindAsync([held], CancellationToken.None));

        Assert.Equal(Vm, problem.Vm);
        foreach (var said in new[] { "not there any more", "host1", "host2", "virsh domjobinfo web1", "virsh domjobabort web1" })
        {
            Assert.Contains(said, problem.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_was_given_back_since_it_was_read_is_no_problem()
    {
        var held = await HoldAsync(Guid.CreateVersion7().ToString());
        Assert.True(await ledger.ReleaseAsync(Vm, held.Holder, CancellationToken.None));

        Assert.Empty(await new StrayReservations(ledger, runs).FindAsync([held], CancellationToken.None));
    }

    private async Task<Reservation> HoldAsync(string holder)
    {
        var wish = new Reservation(Vm, new HostName("host1"), new HostName("host2"), 96, 1, holder, 1, DateTimeOffset.UnixEpoch);
        return Assert.IsType<ReservationAnswer.Granted>(await ledger.ReserveAsync(wish, 1024, CancellationToken.None)).Reservation;
    }
}
