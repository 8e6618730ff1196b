using Runbooks.Fleet.Model;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Injected;

/// <summary>The database lies, fails and conflicts at every call, and at random.</summary>
public sealed class StoreTests
{
    [Theory]
    [InlineData("migrate-vm", "lose-after")]
    [InlineData("migrate-vm", "lose-before")]
    [InlineData("migrate-vm", "conflict")]
    [InlineData("consolidate", "lose-after")]
    [InlineData("consolidate", "throw")]
    public void Any_single_call_may_go_wrong(string runbook, string way)
    {
        var calls = CallsOf(runbook);
        Assert.True(calls > 30, $"Only {calls} calls.");

        ShippedCase.SideBySide(Enumerable.Range(0, calls), n =>
        {
            using var shipped = ShippedCase.Play(runbook, $"store: {way}, after {n}");

            Assert.True(shipped.Struck.Count == 1, "The plan did not strike once.");
            AssertSameEnd(runbook, shipped);
        });
    }

    [Theory]
    [InlineData("commit: again, always, chance 0.3")]
    [InlineData("create: again, always\nsend: again, always\nrelease: again, always\nprogress: again, always")]
    [InlineData("claim: steal, always, chance 0.3")]
    [InlineData("commit: lease-lost, always, chance 0.2")]
    [InlineData("renew: lease-lost, always, chance 0.5\nis-current: lease-lost, always, chance 0.1")]
    [InlineData("store: delay 00:00:20, always, chance 0.02")]
    public void Calls_that_come_twice_late_or_without_the_lease_change_nothing_about_the_end(string plan) =>
        ShippedCase.SideBySide(from runbook in ShippedCase.Runbooks from seed in Enumerable.Range(1, 20) select (runbook, seed), one =>
        {
            using var shipped = ShippedCase.Play(one.runbook, plan, seed: one.seed);

            AssertSameEnd(one.runbook, shipped);
        });

    /// <summary>
    /// A step whose attempts are all eaten up by errors may be given up, and is then undone, or asks a person and goes on when
    /// he says so; nothing else may become of it.
    /// </summary>
    [Theory]
    [InlineData("throw", 0.05)]
    [InlineData("throw", 0.1)]
    [InlineData("lose-after", 0.05)]
    [InlineData("lose-after", 0.1)]
    public void Errors_at_random_never_leave_anything_undone(string way, double chance)
    {
        var (finished, struck) = (0, 0);
        ShippedCase.SideBySide(Enumerable.Range(1, 200), seed =>
        {
            var runbook = ShippedCase.Runbooks[seed % 2];
            using var shipped = ShippedCase.Play(runbook, $"store: {way}, always, chance {chance}", seed: seed);
            _ = Interlocked.Add(ref struck, shipped.Struck.Count);
            if (shipped.Run.Status == RunStatus.Compensated)
            {
                Assert.True(shipped.Run.Reason!.Contains("It did not happen in 3 attempts", StringComparison.Ordinal) && shipped.Broken.Count == 0, shipped.Explained);
                return;
            }

            if (!shipped.Run.Status.IsEnd())
            {
                shipped.Mend();
            }

            AssertSameEnd(runbook, shipped);
            _ = Interlocked.Increment(ref finished);
        });
        Assert.True(finished > 190 && struck > 600, $"{finished} of 200 finished, {struck} errors.");
    }

    /// <summary>Calls of the store in an undisturbed run.</summary>
    private static int CallsOf(string runbook)
    {
        using var counting = ShippedCase.Play(runbook, "store: delay 00:00:00.0000001, always");
        AssertSameEnd(runbook, counting);
        return counting.Struck.Count;
    }

    private static void AssertSameEnd(string runbook, ShippedCase shipped)
    {
        Assert.True(shipped.Run.Status == RunStatus.Finished && shipped.Broken.Count == 0, shipped.Explained);
        Assert.True(shipped.Host1 == (runbook == "consolidate" ? PowerState.Off : PowerState.On), shipped.Explained);
        Assert.True(shipped.Installation.Fleet.CopiesOf(FleetUnderTest.Vm1).Single().Host != FleetUnderTest.Host1, shipped.Explained);
    }
}
