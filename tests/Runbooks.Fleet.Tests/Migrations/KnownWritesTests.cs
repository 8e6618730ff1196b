using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Tests.Migrations;

public sealed class KnownWritesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly VmName Web = new("web");
    private static readonly MigrationForecast Good = new(TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(80), 300, 3, Converges: true);

    /// <summary>512 MiB of memory, and 200 MiB more that were written in 10 s of copying.</summary>
    private static readonly MigrationRecord Moved = new("run", Web, new HostName("a"), new HostName("b"), Noon, new MigrationCase("kvm", MigrationMode.PreCopy, 512, 70), Good, MigrationOutcome.Moved)
    {
        Time = PreCopyModel.SetUp + TimeSpan.FromSeconds(10),
        SentMiB = 712,
        FirstRoundMiB = 512,
    };

    [Fact]
    public void What_was_sent_beyond_the_memory_had_been_written_meanwhile()
    {
        var known = KnownWrites.OfEarlier([Moved with { SentMiB = 5_000, EndedAt = Noon - TimeSpan.FromMinutes(9) }, Moved], Web, Noon + TimeSpan.FromMinutes(5))!;

        Assert.Equal(20, known.MiBs, 6);
        Assert.Null(known.WorkingSetMiB);
        Assert.Equal("seen when it was moved 5 min ago", known.How);
    }

    [Fact]
    public void A_guest_that_wrote_nothing_is_known_to()
    {
        // Pages that were freed after the first look are sent by nobody.
        Assert.Equal(0, KnownWrites.OfEarlier([Moved with { SentMiB = 500 }], Web, Noon)!.MiBs);
    }

    [Fact]
    public void Migrations_that_do_not_tell_it_are_left_out()
    {
        MigrationRecord[] mute =
        [
            Moved with { Vm = new VmName("db") },
            Moved with { EndedAt = Noon - KnownWrites.Fresh - TimeSpan.FromSeconds(1) },
            Moved with { EndedAt = Noon + TimeSpan.FromSeconds(1) },
            Moved with { Outcome = MigrationOutcome.NotMoved },
            Moved with { Case = Moved.Case with { Mode = MigrationMode.PostCopy } },
            Moved with { Case = Moved.Case with { Mode = MigrationMode.Compressed } },
            Moved with { Forecast = Good with { Converges = false } },
            Moved with { Time = null },
            Moved with { Time = PreCopyModel.SetUp },
            Moved with { SentMiB = null },
            Moved with { FirstRoundMiB = null },
        ];

        Assert.All(mute, record => Assert.Null(KnownWrites.OfEarlier([record], Web, Noon)));
    }

    [Theory]
    [InlineData(5, true, false, 0)]
    [InlineData(9.9, true, true, 0)]
    [InlineData(5, false, true, 1)]
    [InlineData(10, true, false, 1)]
    [InlineData(30, true, true, 0)]
    [InlineData(40, true, true, 4)]
    public void Measuring_costs_a_tenth_of_the_copy_at_most_unless_the_copy_is_feared_not_to_end(double seconds, bool converges, bool known, double expected)
    {
        var windows = KnownWrites.Windows(Good with { Time = TimeSpan.FromSeconds(seconds), Converges = converges }, known);

        Assert.Equal(expected, windows.Sum(w => w.TotalSeconds));
    }

    [Fact]
    public void Two_windows_show_the_memory_that_is_written_over_and_over()
    {
        var known = KnownWrites.OfWindows((1, 150), (3, 50));

        Assert.Equal((150, 150), (known.MiBs, known.WorkingSetMiB));
        Assert.Equal("measured for 1 s and 3 s", known.How);
        Assert.Null(KnownWrites.OfWindows((1, 40)).WorkingSetMiB);
    }
}
