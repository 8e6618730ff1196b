using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;

namespace Runbooks.Fleet.Tests.Contract;

/// <summary>What every ledger of reservations and every record of host modes promises.</summary>
public abstract class LedgerContract : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly HostName H1 = new("h1");
    private static readonly HostName H2 = new("h2");
    private static readonly HostName H3 = new("h3");

    private IReservationLedger ledger = null!;
    private IHostModes modes = null!;

    private static CancellationToken None => CancellationToken.None;

    public async Task InitializeAsync() => (ledger, modes) = await OpenEmptyAsync();

    public virtual Task DisposeAsync() => Task.CompletedTask;

    protected abstract Task<(IReservationLedger Ledger, IHostModes Modes)> OpenEmptyAsync();

    [Fact]
    public async Task A_granted_reservation_is_read_back_as_it_was_wished()
    {
        var wish = Wish("web-1", H2);

        Assert.Equal(new ReservationAnswer.Granted(wish), await ledger.ReserveAsync(wish, 4096, None));

        Assert.Equal(wish, await ledger.FindAsync(wish.Vm, None));
        Assert.Equal([wish], await ledger.ListAsync(None));
        Assert.Null(await ledger.FindAsync(new VmName("web-2"), None));
    }

    [Fact]
    public async Task A_vm_that_one_run_holds_is_refused_to_another_and_the_holder_is_named()
    {
        var first = Wish("web-1", H2);
        await ledger.ReserveAsync(first, 4096, None);

        var answer = await ledger.ReserveAsync(Wish("web-1", H3, holder: "run-b"), 4096, None);

        Assert.Equal(new ReservationAnswer.HeldByOther(first), answer);
    }

    [Fact]
    public async Task The_same_wish_of_a_newer_generation_is_granted_and_carries_that_generation()
    {
        await ledger.ReserveAsync(Wish("web-1", H2), 2048, None);

        var again = await ledger.ReserveAsync(Wish("web-1", H2, generation: 4), 0, None);

        Assert.Equal(new ReservationAnswer.Granted(Wish("web-1", H2, generation: 4)), again);
        Assert.Equal(4, (await ledger.FindAsync(new VmName("web-1"), None))!.Generation);
    }

    [Fact]
    public async Task The_same_wish_of_an_older_generation_is_refused()
    {
        var current = Wish("web-1", H2, generation: 4);
        await ledger.ReserveAsync(current, 4096, None);

        Assert.Equal(new ReservationAnswer.HeldByOther(current), await ledger.ReserveAsync(Wish("web-1", H2), 4096, None));
        Assert.Equal(current, await ledger.FindAsync(current.Vm, None));
    }

    [Fact]
    public async Task A_holder_that_wants_another_destination_has_to_release_first()
    {
        var first = Wish("web-1", H2);
        await ledger.ReserveAsync(first, 4096, None);

        Assert.Equal(new ReservationAnswer.HeldByOther(first), await ledger.ReserveAsync(Wish("web-1", H3), 4096, None));
    }

    [Fact]
    public async Task What_is_reserved_on_the_destination_counts_against_its_free_memory()
    {
        await ledger.ReserveAsync(Wish("web-1", H2), 3000, None);
        await ledger.ReserveAsync(Wish("web-2", H3), 3000, None);

        var refused = Assert.IsType<ReservationAnswer.NoRoom>(await ledger.ReserveAsync(Wish("web-3", H2), 2047, None));

        Assert.Equal("Host h2 has 2047 MiB of free memory and 1024 MiB of it are reserved for web-1; VM web-3 needs 1024 MiB.", refused.Reason);
        Assert.IsType<ReservationAnswer.Granted>(await ledger.ReserveAsync(Wish("web-3", H2), 2048, None));
    }

    [Fact]
    public async Task Runs_that_reserve_at_the_same_moment_never_get_more_than_there_is()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            Task.Run(() => ledger.ReserveAsync(Wish($"web-{i}", H2, holder: $"run-{i}"), 5 * 1024, None))));

        Assert.Equal(5, answers.OfType<ReservationAnswer.Granted>().Count());
        Assert.Equal(7, answers.OfType<ReservationAnswer.NoRoom>().Count());
        Assert.Equal(5, (await ledger.ListAsync(None)).Count);
    }

    [Fact]
    public async Task Runs_that_want_one_vm_at_the_same_moment_are_one_holder()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            Task.Run(() => ledger.ReserveAsync(Wish("web-1", i % 2 == 0 ? H2 : H3, holder: $"run-{i}"), 4096, None))));

        var winner = Assert.Single(answers.OfType<ReservationAnswer.Granted>()).Reservation;
        Assert.All(answers.OfType<ReservationAnswer.HeldByOther>(), a => Assert.Equal(winner, a.Reservation));
        Assert.Equal(7, answers.OfType<ReservationAnswer.HeldByOther>().Count());
    }

    [Fact]
    public async Task Only_the_holder_releases_and_only_once()
    {
        await ledger.ReserveAsync(Wish("web-1", H2), 4096, None);
        var vm = new VmName("web-1");

        Assert.False(await ledger.ReleaseAsync(vm, "run-b", None));
        Assert.True(await ledger.ReleaseAsync(vm, "run-a", None));
        Assert.False(await ledger.ReleaseAsync(vm, "run-a", None));
        Assert.Null(await ledger.FindAsync(vm, None));
        Assert.IsType<ReservationAnswer.Granted>(await ledger.ReserveAsync(Wish("web-1", H3, holder: "run-b"), 1024, None));
    }

    [Fact]
    public async Task A_mode_is_the_holders_until_he_clears_it()
    {
        var cordon = new HostModeEntry(H1, HostMode.Cordoned, "run-a", "being emptied", Noon);
        var maintenance = cordon with { Mode = HostMode.Maintenance, Holder = "anna", Reason = "new disks" };

        Assert.Equal(cordon, await modes.SetAsync(cordon, None));
        Assert.Equal(cordon, await modes.SetAsync(maintenance, None));
        Assert.False(await modes.ClearAsync(H1, "anna", None));
        Assert.Equal(cordon, Assert.Single(await modes.ListAsync(None)));
        Assert.True(await modes.ClearAsync(H1, "run-a", None));
        Assert.False(await modes.ClearAsync(H1, "run-a", None));
        Assert.Equal(maintenance, await modes.SetAsync(maintenance, None));
    }

    [Fact]
    public async Task The_holder_changes_his_own_mode()
    {
        var cordon = new HostModeEntry(H1, HostMode.Cordoned, "anna", "first a look", Noon);
        await modes.SetAsync(cordon, None);

        var maintenance = await modes.SetAsync(cordon with { Mode = HostMode.Maintenance, Reason = "new disks" }, None);

        Assert.Equal(HostMode.Maintenance, maintenance.Mode);
        Assert.Equal(maintenance, Assert.Single(await modes.ListAsync(None)));
    }

    [Fact]
    public async Task A_host_is_not_made_active_by_setting_a_mode() =>
        await Assert.ThrowsAsync<ArgumentException>(() => modes.SetAsync(new HostModeEntry(H1, HostMode.Active, "anna", "", Noon), None));

    private static Reservation Wish(string vm, HostName to, string holder = "run-a", long generation = 1) =>
        new(new VmName(vm), H1, to, 1024, 2, holder, generation, Noon);
}
