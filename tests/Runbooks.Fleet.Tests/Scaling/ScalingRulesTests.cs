using Runbooks.Fleet.Model;
using Runbooks.Fleet.Scaling;

namespace Runbooks.Fleet.Tests.Scaling;

public sealed class ScalingRulesTests
{
    private static readonly VmName Vm = new("web1");
    private static readonly ScalableVm Usual = new(new VmScale(2, 2048), new VmScale(4, 4096), 1000);

    [Fact]
    public void A_wish_within_all_limits_is_a_change_and_what_is_not_wished_stays()
    {
        Assert.Equal(new ScalingAnswer.Change(new(2, 2048), new(4, 4096)), Decide(new(4, 4096)));
        Assert.Equal(new ScalingAnswer.Change(new(2, 2048), new(1, 2048)), Decide(new(1, null)));
        Assert.Equal(new ScalingAnswer.Change(new(2, 2048), new(2, 3000)), Decide(new(0, 3000)));
    }

    [Fact]
    public void What_it_has_already_is_nothing_to_do() => Assert.Equal(new ScalingAnswer.Nothing(new(2, 2048)), Decide(new(2, 2048)));

    [Fact]
    public void A_wish_for_nothing_is_refused() => Refused("Nothing is wished", new(null, 0));

    [Theory]
    [InlineData(5, null, "can have 4")]
    [InlineData(-1, null, "1 and more are allowed")]
    [InlineData(null, 4097, "can have 4096 MiB")]
    [InlineData(null, -5, "allowed")]
    public void What_it_can_not_have_while_it_runs_is_refused(int? vcpus, int? memory, string says) => Refused(says, new(vcpus, memory));

    [Theory]
    [InlineData(1, null, "2 to 3 are allowed")]
    [InlineData(4, null, "2 to 3 are allowed")]
    [InlineData(null, 1999, "2000 to 3000 MiB are allowed")]
    [InlineData(null, 3001, "2000 to 3000 MiB are allowed")]
    public void What_is_outside_the_range_is_refused_with_the_range(int? vcpus, int? memory, string says) =>
        Refused(says, new(vcpus, memory) { MinVcpus = 2, MaxVcpus = 3, MinMemoryMiB = 2000, MaxMemoryMiB = 3000 });

    [Theory]
    [InlineData(2, 2000)]
    [InlineData(3, 3000)]
    public void Both_ends_of_the_range_are_in_it(int vcpus, int memory) =>
        Assert.IsType<ScalingAnswer.Change>(Decide(new(vcpus, memory) { MinVcpus = 2, MaxVcpus = 3, MinMemoryMiB = 2000, MaxMemoryMiB = 3000 }));

    [Fact]
    public void A_guest_keeps_what_it_uses_and_a_tenth_and_the_message_says_how_little_is_enough()
    {
        var least = ScalingRules.Least(1000);

        Assert.Equal(1111, least);
        Assert.IsType<ScalingAnswer.Change>(Decide(new(null, least)));
        Refused($"at least {least} MiB", new(null, least - 1));
        Refused("uses 1000 MiB", new(null, least - 1) { ShrinkAnywayBecause = "I say so." });
    }

    [Fact]
    public void A_small_guest_keeps_sixteen_MiB()
    {
        Assert.True(ScalingRules.IsEnough(96, 80));
        Assert.False(ScalingRules.IsEnough(95, 80));
        Assert.Equal(96, ScalingRules.Least(80));
    }

    [Fact]
    public void Nothing_is_taken_from_a_guest_that_does_not_tell_unless_somebody_says_why()
    {
        var silent = Usual with { MemoryUsedMiB = null };

        Refused("does not say", new(null, 2047), silent);
        Refused("does not say", new(null, 2047) { ShrinkAnywayBecause = "  " }, silent);
        Assert.IsType<ScalingAnswer.Change>(ScalingRules.Decide(Vm, new(null, 2047) { ShrinkAnywayBecause = "Its cache is empty." }, silent));
        Assert.IsType<ScalingAnswer.Change>(ScalingRules.Decide(Vm, new(null, 2049), silent));
    }

    [Fact]
    public void The_least_is_the_least_for_every_use()
    {
        for (var used = 1; used < 20_000; used += 7)
        {
            var least = ScalingRules.Least(used);
            Assert.True(ScalingRules.IsEnough(least, used) && !ScalingRules.IsEnough(least - 1, used), $"{used}: {least}");
        }
    }

    private static ScalingAnswer Decide(ScalingWish wish) => ScalingRules.Decide(Vm, wish, Usual);

    private static void Refused(string says, ScalingWish wish, ScalableVm? seen = null) =>
        Assert.Contains(says, Assert.IsType<ScalingAnswer.Refused>(ScalingRules.Decide(Vm, wish, seen ?? Usual)).Reason, StringComparison.Ordinal);
}
