using Runbooks.Fleet.Energy;
using Runbooks.Fleet.History;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Policies;
using Runbooks.Fleet.Simulation.Shadow;

namespace Runbooks.Fleet.Tests.Simulation;

public sealed class ShadowReplayTests
{
    private static readonly DateTimeOffset Start = new(2026, 5, 4, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(5);
    private static readonly PowerCurve Linear = new([100, 200]);

    [Fact]
    public void The_difference_of_two_policies_on_the_same_history_is_given()
    {
        ShadowHost[] hosts = [.. Enumerable.Range(1, 4).Select(i => new ShadowHost(new HostName($"h{i}"), 4, 16_384, Linear))];
        ShadowVm[] vms = [.. Enumerable.Range(1, 4).Select(i => new ShadowVm(new VmName($"v{i}"), 2, 1_000, new HostName($"h{i}")))];

        var shadow = Compare(hosts, vms, Samples(vms, 12, (_, _) => 0.25));

        // Each VM uses half a CPU: 112.5 W on a host of its own; together they fit on one with 150 W.
        Assert.Equal(4 * 112.5 * 11 * 300 / 3.6e6, shadow.A.EnergyKwh, 9);
        Assert.Equal(3, shadow.MoreMigrations);
        Assert.InRange(shadow.SavedKwh, 0.6 * shadow.A.EnergyKwh, 0.7 * shadow.A.EnergyKwh);
        Assert.Equal(0, shadow.MoreOverloadPct);
        Assert.Equal((12, 0.0), (shadow.Samples, shadow.FilledShare));
    }

    [Fact]
    public void Gaps_are_filled_from_the_sample_before_and_counted()
    {
        ShadowHost[] hosts = [new(new HostName("h1"), 4, 16_384, Linear)];
        ShadowVm[] vms = [new(new VmName("v1"), 4, 1_000, hosts[0].Name), new(new VmName("v2"), 4, 1_000, hosts[0].Name)];
        VmSample[] samples =
        [
            .. Samples(vms[..1], 4, (_, _) => 0.5),
            new VmSample(Start + (2 * Step) + TimeSpan.FromSeconds(20), vms[1].Name, vms[1].Host, 0.25, null),
        ];

        var shadow = Compare(hosts, vms, samples);

        Assert.Equal(3.0 / 8, shadow.FilledShare);
        Assert.Equal(175 * 3 * 300 / 3.6e6, shadow.A.EnergyKwh, 9);
    }

    [Fact]
    public void What_the_history_lacks_is_named()
    {
        ShadowHost[] hosts = [new(new HostName("h1"), 4, 16_384, Linear)];
        ShadowVm[] vms = [new(new VmName("v1"), 4, 1_000, hosts[0].Name), new(new VmName("v2"), 4, 1_000, hosts[0].Name)];

        Assert.Contains("VM v2 has no sample", Message(() => Compare(hosts, vms, Samples(vms[..1], 4, (_, _) => 0.5))), StringComparison.Ordinal);
        Assert.Contains("1 samples in 1 steps", Message(() => Compare(hosts, vms[..1], Samples(vms[..1], 1, (_, _) => 0.5))), StringComparison.Ordinal);
        var elsewhere = vms[0] with { Host = new HostName("h9") };
        Assert.Contains("VM v1 was on host h9", Message(() => Compare(hosts, [elsewhere], Samples(vms[..1], 4, (_, _) => 0.5))), StringComparison.Ordinal);
    }

    private static string Message(Action act) => Assert.Throws<SimulationException>(act).Message;

    private static VmSample[] Samples(ShadowVm[] vms, int count, Func<int, int, double> load) =>
        [.. from k in Enumerable.Range(0, count) from v in Enumerable.Range(0, vms.Length) select new VmSample(Start + (k * Step), vms[v].Name, vms[v].Host, load(v, k), null)];

    private static ShadowComparison Compare(ShadowHost[] hosts, ShadowVm[] vms, VmSample[] samples) =>
        ShadowReplay.Compare(hosts, vms, samples, Step, SmallCluster.Setup, SwitchOn.Free, () => new StaticPolicy(), () => new RunbooksPolicy(), TimeProvider.System);
}
