using Runbooks.Fleet.Migrations;

namespace Runbooks.Fleet.Tests.Migrations;

public sealed class ModeChoiceTests
{
    private static readonly MigrationMode[] All = Enum.GetValues<MigrationMode>();
    private static readonly IMigrationForecaster Model = new PreCopyModel();

    [Fact]
    public void A_quiet_guest_goes_by_pre_copy_and_the_numbers_are_said()
    {
        var answer = Choose(Case(dirty: 10));

        Assert.Equal(MigrationMode.PreCopy, answer.Mode);
        Assert.True(answer.Forecast.Converges);
        Assert.Contains("1024 MiB of memory, 100 MiB/s, the guest writes 10 MiB/s", answer.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wide_wire_is_filled_by_several_connections() =>
        Assert.Equal(MigrationMode.Parallel, Choose(Case(dirty: 10) with { BandwidthMiBs = 5_000, MemoryMiB = 16_384 }).Mode);

    [Fact]
    public void Compression_is_taken_where_it_makes_the_difference() =>
        Assert.Equal(MigrationMode.Compressed, Choose(Case(dirty: 120)).Mode);

    [Fact]
    public void A_longer_downtime_that_is_allowed_comes_before_post_copy()
    {
        var answer = Choose(Case(dirty: 400) with { WorkingSetMiB = 90 });

        Assert.Equal(MigrationMode.PreCopy, answer.Mode);
        Assert.False(answer.Forecast.Converges);
        Assert.Contains("up to 1000 ms", answer.Explanation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400, MigrationMode.PostCopy)]
    [InlineData(90, MigrationMode.Hybrid)]
    public void A_guest_that_writes_too_fast_goes_by_post_copy(int dirty, MigrationMode expected)
    {
        var answer = Choose(Case(dirty) with { MaxRounds = 3 }, possible: [MigrationMode.PreCopy, MigrationMode.PostCopy, MigrationMode.Hybrid]);

        Assert.Equal(expected, answer.Mode);
        Assert.Contains("the VM is lost", answer.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void A_critical_VM_never_goes_by_post_copy_and_hears_what_it_would_need()
    {
        var answer = Choose(Case(dirty: 400), criticality: Criticality.Critical);

        Assert.Null(answer.Mode);
        Assert.Contains("critical", answer.Explanation, StringComparison.Ordinal);
        Assert.Matches(@"It would take \d+ MiB/s", answer.Explanation);
    }

    [Fact]
    public void A_measure_that_is_allowed_lets_it_be_tried()
    {
        var answer = Choose(Case(dirty: 400), criticality: Criticality.Critical, measures: [ConvergenceMeasure.Suspend]);

        Assert.Equal(MigrationMode.PreCopy, answer.Mode);
        Assert.Contains("Suspend", answer.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void The_bandwidth_that_is_said_to_be_needed_is_enough_and_hardly_less_would_be()
    {
        var migration = Case(dirty: 400);
        var needed = ModeChoice.NeededMiBs(migration, Model)!.Value;

        Assert.True(Model.Predict(migration with { BandwidthMiBs = needed }).Converges);
        Assert.False(Model.Predict(migration with { BandwidthMiBs = needed * 0.9 }).Converges);
    }

    [Fact]
    public void A_mode_that_was_asked_for_is_used_even_where_another_is_better() =>
        Assert.Equal(MigrationMode.Stopped, ModeChoice.Follow(Question(Case(dirty: 1)), MigrationMode.Stopped, Model).Mode);

    [Fact]
    public void Without_measures_a_mode_that_can_not_end_is_refused_though_it_was_asked_for() =>
        Assert.Null(ModeChoice.Follow(Question(Case(dirty: 400)) with { Measures = [ConvergenceMeasure.Abort] }, MigrationMode.PreCopy, Model).Mode);

    [Fact]
    public void The_model_follows_the_geometric_series()
    {
        var forecast = Model.Predict(Case(dirty: 50) with { MaxDowntime = TimeSpan.FromMilliseconds(50), DirtyThresholdMiB = 100 });

        // 1024, 512, 256 and 128 MiB are sent, and 64 remain; until that is seen, two more rounds have gone, and 16 MiB are left for the stop.
        Assert.Equal((4, 1984.0, true), (forecast.Rounds, forecast.SentMiB, forecast.Converges));
        Assert.Equal(200, forecast.Downtime.TotalMilliseconds, 1.0);
    }

    [Fact]
    public void How_the_writes_are_known_is_said()
    {
        var measured = ModeChoice.Choose(Question(Case(dirty: 10)) with { HowWritesAreKnown = "measured for 1 s" }, Model);
        var unknown = ModeChoice.Choose(Question(Case(dirty: 10) with { DirtyMiBs = null }) with { HowWritesAreKnown = "not used" }, Model);

        Assert.Contains("the guest writes 10 MiB/s (measured for 1 s).", measured.Explanation, StringComparison.Ordinal);
        Assert.Contains("was not measured, so it is taken to write little.", unknown.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void A_copy_that_would_be_cut_short_by_its_time_limit_says_so()
    {
        var limit = TimeSpan.FromSeconds(15);
        var answer = ModeChoice.Choose(Question(Case(dirty: 80) with { MaxTime = limit }) with { Possible = [MigrationMode.PreCopy], TimeLimit = limit, Measures = [ConvergenceMeasure.Abort] }, Model);

        Assert.Null(answer.Mode);
        Assert.Contains("would not be done within the 15 s that are allowed", answer.Explanation, StringComparison.Ordinal);
    }

    private static MigrationCase Case(double dirty) => new("kvm", MigrationMode.PreCopy, 1024, 100) { DirtyMiBs = dirty };

    private static ModeQuestion Question(MigrationCase migration) => new(migration, Criticality.Normal, All, ConvergencePolicy.Usual);

    private static ModeAnswer Choose(MigrationCase migration, MigrationMode[]? possible = null, Criticality criticality = Criticality.Normal, ConvergenceMeasure[]? measures = null) =>
        ModeChoice.Choose(Question(migration) with { Possible = possible ?? All, Criticality = criticality, Measures = measures ?? ConvergencePolicy.Usual }, Model);
}
