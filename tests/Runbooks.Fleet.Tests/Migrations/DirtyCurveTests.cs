using Runbooks.Fleet.Migrations;

namespace Runbooks.Fleet.Tests.Migrations;

public sealed class DirtyCurveTests
{
    [Fact]
    public void Windows_that_agree_show_no_working_set() =>
        Assert.Equal(new DirtyCurve(19, double.PositiveInfinity), DirtyCurve.Of((1, 22), (3, 18)));

    [Fact]
    public void A_longer_window_with_clearly_less_per_second_shows_the_working_set()
    {
        var curve = DirtyCurve.Of((1, 30), (5, 12));

        Assert.Equal(new DirtyCurve(30, 60), curve);
        Assert.False(curve.HidesItsRate);
        Assert.Equal(15, curve.After(0.5));
        Assert.Equal(60, curve.After(10));
    }

    [Fact]
    public void A_working_set_that_is_written_within_the_shorter_window_hides_the_rate()
    {
        Assert.True(DirtyCurve.Of((1, 12), (3, 4.2)).HidesItsRate);
        Assert.False(DirtyCurve.Of((1, 0), (3, 0)).HidesItsRate);
    }

    [Fact]
    public void One_window_is_taken_as_it_is() => Assert.Equal(new DirtyCurve(7, double.PositiveInfinity), DirtyCurve.Of((2, 7)));

    [Fact]
    public void Windows_that_can_not_be_are_refused()
    {
        Assert.Throws<ArgumentException>(() => DirtyCurve.Of());
        Assert.Throws<ArgumentException>(() => DirtyCurve.Of((0, 5)));
        Assert.Throws<ArgumentException>(() => DirtyCurve.Of((1, -5)));
        Assert.Throws<ArgumentException>(() => DirtyCurve.Of((1, double.NaN)));
    }
}
