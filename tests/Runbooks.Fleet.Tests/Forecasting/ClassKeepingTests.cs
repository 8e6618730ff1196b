using Runbooks.Fleet.Forecasting;
using Runbooks.Fleet.Forecasting.Classes;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Tests.Forecasting;

/// <summary>Dead band, minimum stay, and what is foretold. Boundaries 0.2 and 0.6, dead band 0.03, stay 3.</summary>
public sealed class ClassKeepingTests
{
    private static readonly ForecastOptions Options = new();
    private static readonly KeptClass Low = new(LoadClass.Low, 10, Foretold: false);
    private static readonly KeptClass Medium = new(LoadClass.Medium, 10, Foretold: false);

    [Theory]
    [InlineData(0.1, LoadClass.Low)]
    [InlineData(0.22, LoadClass.Low)]
    [InlineData(0.24, LoadClass.Medium)]
    [InlineData(0.62, LoadClass.Medium)]
    [InlineData(0.7, LoadClass.High)]
    public void A_measured_load_raises_the_class_at_once_when_it_is_beyond_the_dead_band(double load, LoadClass expected) =>
        Assert.Equal(expected, ClassKeeping.Next(Low, load, riseForetold: false, Options).Class);

    [Fact]
    public void A_foretold_rise_gives_the_higher_class_before_the_load_has_it()
    {
        Assert.Equal(new KeptClass(LoadClass.Medium, 0, Foretold: true), ClassKeeping.Next(Low, 0.1, riseForetold: true, Options));
        Assert.Equal(new KeptClass(LoadClass.High, 0, Foretold: true), ClassKeeping.Next(Medium, 0.5, riseForetold: true, Options));
        Assert.Equal(LoadClass.High, ClassKeeping.Next(Medium, 0.9, riseForetold: true, Options).Class);
    }

    [Fact]
    public void A_class_is_lowered_after_its_minimum_stay_and_not_before()
    {
        var kept = new KeptClass(LoadClass.Medium, 0, Foretold: false);
        var classes = new List<LoadClass>();
        for (var step = 0; step < 4; step++)
        {
            kept = ClassKeeping.Next(kept, 0.1, riseForetold: false, Options);
            classes.Add(kept.Class);
        }

        Assert.Equal([LoadClass.Medium, LoadClass.Medium, LoadClass.Low, LoadClass.Low], classes);
    }

    [Fact]
    public void A_rise_that_is_foretold_again_begins_the_stay_anew_and_one_that_does_not_come_is_taken_back()
    {
        var kept = ClassKeeping.Next(Low, 0.1, riseForetold: true, Options);
        kept = ClassKeeping.Next(kept, 0.1, riseForetold: false, Options);
        kept = ClassKeeping.Next(kept, 0.1, riseForetold: true, Options);
        Assert.Equal(new KeptClass(LoadClass.Medium, 0, Foretold: true), kept);

        for (var step = 0; step < 3; step++)
        {
            Assert.Equal(LoadClass.Medium, kept.Class);
            kept = ClassKeeping.Next(kept, 0.1, riseForetold: false, Options);
        }

        Assert.Equal(LoadClass.Low, kept.Class);
    }

    [Fact]
    public void A_foretold_class_is_no_longer_only_foretold_when_the_load_has_come()
    {
        var kept = ClassKeeping.Next(Low, 0.1, riseForetold: true, Options);
        Assert.Equal(new KeptClass(LoadClass.Medium, 0, Foretold: false), ClassKeeping.Next(kept, 0.3, riseForetold: false, Options));
    }

    [Fact]
    public void A_load_that_swings_about_a_boundary_keeps_one_class()
    {
        var kept = Low;
        for (var step = 0; step < 50; step++)
        {
            kept = ClassKeeping.Next(kept, step % 2 == 0 ? 0.18 : 0.22, riseForetold: false, Options);
            Assert.Equal(LoadClass.Low, kept.Class);
        }

        kept = Medium;
        for (var step = 0; step < 50; step++)
        {
            kept = ClassKeeping.Next(kept, step % 2 == 0 ? 0.18 : 0.22, riseForetold: false, Options);
            Assert.Equal(LoadClass.Medium, kept.Class);
        }
    }

    [Fact]
    public void From_high_to_low_takes_one_step_when_the_load_has_fallen_that_far() =>
        Assert.Equal(LoadClass.Low, ClassKeeping.Next(new KeptClass(LoadClass.High, 5, Foretold: false), 0.05, riseForetold: false, Options).Class);
}
