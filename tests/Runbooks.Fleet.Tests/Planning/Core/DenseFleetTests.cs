using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Runbooks.Fleet.Planning.Core;
using Xunit;

namespace Runbooks.Fleet.Tests.Planning.Core;

public sealed class DenseFleetTests
{
    private static readonly Config Cases = Config.QuickThrowOnFailure.WithMaxTest(500);

    [Fact]
    public void Taking_moves_back_restores_everything_to_the_last_bit() => Check.One(Cases, Prop.ForAll(DenseFleets.Any, c =>
    {
        var fleet = c.Fleet();
        var half = c.Moves.Count / 2;
        foreach (var (vm, to) in c.Moves.Take(half))
        {
            fleet.Move(vm, to);
        }

        var (mark, before) = (fleet.Mark, Picture(fleet));
        foreach (var (vm, to) in c.Moves.Skip(half))
        {
            fleet.Move(vm, to);
        }

        fleet.UndoTo(mark);
        return Picture(fleet) == before;
    }));

    [Theory]
    [InlineData(0.1, 0.2, 0.3)]
    [InlineData(0.3, 0.2, 0.1)]
    public void A_need_of_exactly_the_limit_is_within_it_in_whatever_order_it_was_added_up(double first, double second, double third)
    {
        var host = new DenseHost(1, 1_024, 8);
        DenseVm Of(double cores, int on) => new(on, cores, 0, 1, 1);
        var fleet = new DenseFleet([host], [Of(first, 0), Of(second, 0), Of(third, DenseFleet.Nowhere), Of(third + 0.001, DenseFleet.Nowhere)], new CpuRule(0.6, 0));

        Assert.Equal((true, Limits.None), (fleet.Fits(2, 0), fleet.Broken(2, 0)));
        Assert.Equal((false, Limits.Cpu), (fleet.Fits(3, 0), fleet.Broken(3, 0)));
        fleet.Move(2, 0);
        Assert.False(fleet.IsOverloaded(0));
    }

    [Fact]
    public void Sums_after_moves_are_those_of_a_fleet_that_began_there() => Check.One(Cases, Prop.ForAll(DenseFleets.Any, c =>
    {
        var fleet = c.Fleet();
        foreach (var (vm, to) in c.Moves)
        {
            fleet.Move(vm, to);
        }

        var fresh = new DenseFleet(c.Hosts, [.. c.Vms.Select((v, i) => v with { Host = fleet.HostOf(i) })], fleet.Rule);
        return Enumerable.Range(0, fleet.HostCount).All(h =>
            Math.Abs(fleet.MeanOf(h) - fresh.MeanOf(h)) < 1e-9
            && Math.Abs(fleet.VarianceOf(h) - fresh.VarianceOf(h)) < 1e-9
            && fleet.MemoryOf(h) == fresh.MemoryOf(h)
            && fleet.VcpusOf(h) == fresh.VcpusOf(h)
            && fleet.CountOn(h) == fresh.CountOn(h)
            && Enumerable.Range(0, DenseFleet.Classes).All(k => fleet.CountOn(h, k) == fresh.CountOn(h, k)));
    }));

    [Fact]
    public void A_gain_is_the_difference_of_the_totals() => Check.One(Cases, Prop.ForAll(DenseFleets.Any, c =>
    {
        var fleet = c.Fleet();
        var score = new FleetScore(fleet, new ScoreWeights { Energy = 0.01, Overload = 3, CpuSpread = 2, MemorySpread = 1, ClassSpread = 0.5 });
        return c.Moves.Where(m => m.To >= 0).All(m =>
        {
            if (fleet.HostOf(m.Vm) is var at && (at < 0 || at == m.To))
            {
                return true;
            }

            var (before, gain) = (score.Total(), score.Gain(m.Vm, m.To));
            fleet.Move(m.Vm, m.To);
            return Math.Abs(before - score.Total() - gain) < 1e-9;
        });
    }));

    [Fact]
    public void A_host_survives_exactly_when_a_plain_first_fit_says_so() => Check.One(Cases, Prop.ForAll(DenseFleets.Any, c =>
    {
        var fleet = c.Fleet();
        var failing = new HostFailure(fleet).FailingHosts();
        return failing.SequenceEqual(Enumerable.Range(0, fleet.HostCount).Where(h => fleet.CountOn(h) > 0 && !PlainFirstFit(fleet, h)));
    }));

    [Fact]
    public void Fits_and_broken_limits_agree() => Check.One(Cases, Prop.ForAll(DenseFleets.Any, c =>
    {
        var fleet = c.Fleet();
        return c.Moves.Where(m => m.To >= 0).All(m => fleet.Fits(m.Vm, m.To) == (fleet.Broken(m.Vm, m.To) == Limits.None));
    }));

    private static bool PlainFirstFit(DenseFleet fleet, int failed)
    {
        var room = Enumerable.Range(0, fleet.HostCount)
            .Where(h => h != failed && fleet.CountOn(h) > 0)
            .Select(h => (Memory: fleet.FreeMemory(h), Vcpus: fleet.FreeVcpus(h)))
            .ToArray();
        var vms = Enumerable.Range(0, fleet.VmCount).Where(v => fleet.HostOf(v) == failed).OrderByDescending(v => fleet.Vm(v).MemoryMiB);
        foreach (var vm in vms.Select(v => fleet.Vm(v)))
        {
            var to = Array.FindIndex(room, r => r.Memory >= vm.MemoryMiB && r.Vcpus >= vm.Vcpus);
            if (to < 0)
            {
                return false;
            }

            room[to] = (room[to].Memory - vm.MemoryMiB, room[to].Vcpus - vm.Vcpus);
        }

        return true;
    }

    /// <summary>All that can be seen of a fleet, numbers to the last bit, VMs of a host in their order.</summary>
    private static string Picture(DenseFleet fleet) => string.Join("\n", Enumerable.Range(0, fleet.HostCount).Select(h => string.Create(
        CultureInfo.InvariantCulture,
        $"{BitConverter.DoubleToInt64Bits(fleet.MeanOf(h))} {BitConverter.DoubleToInt64Bits(fleet.VarianceOf(h))} {fleet.MemoryOf(h)} {fleet.VcpusOf(h)} {fleet.CountOn(h)}: {string.Join(',', Order(fleet, h))}")));

    private static IEnumerable<int> Order(DenseFleet fleet, int host)
    {
        for (var v = fleet.FirstOn(host); v >= 0; v = fleet.NextOn(v))
        {
            yield return v;
        }
    }
}
