using Runbooks.Fleet.History;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Tests.Contract;

/// <summary>What every record of loads promises.</summary>
public abstract class FleetHistoryContract : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly HostName H1 = new("h1");
    private static readonly HostName H2 = new("h2");
    private static readonly VmName Web = new("web-1");

    private IFleetHistory history = null!;

    private static CancellationToken None => CancellationToken.None;

    public async Task InitializeAsync() => history = await OpenEmptyAsync();

    public virtual Task DisposeAsync() => Task.CompletedTask;

    protected abstract Task<IFleetHistory> OpenEmptyAsync();

    [Fact]
    public async Task Samples_are_read_back_oldest_first_from_a_moment_on()
    {
        var hosts = Enumerable.Range(0, 4).Select(i => new HostSample(Noon.AddSeconds(i), H1, 0.125 * i, 1000 + i, i)).ToList();
        var vms = Enumerable.Range(0, 4).Select(i => new VmSample(Noon.AddSeconds(i), Web, i < 2 ? H1 : H2, 0.25 * i, i == 3 ? null : 512)).ToList();
        await history.AppendAsync([hosts[2], hosts[0], hosts[3], hosts[1]], [.. vms.AsEnumerable().Reverse()], None);
        await history.AppendAsync([new HostSample(Noon, H2, 1, 1, 1)], [], None);

        Assert.Equal(hosts, await history.HostSamplesAsync(H1, Noon, None));
        Assert.Equal(hosts[2..], await history.HostSamplesAsync(H1, Noon.AddSeconds(2), None));
        Assert.Equal(vms[1..], await history.VmSamplesAsync(Web, Noon.AddSeconds(1), None));
        Assert.Empty(await history.HostSamplesAsync(new HostName("unknown"), Noon, None));
    }

    [Fact]
    public async Task A_second_sample_of_one_moment_is_dropped_and_those_beside_it_are_kept()
    {
        var first = new HostSample(Noon, H1, 0.5, 10, 1);
        await history.AppendAsync([first], [], None);

        await history.AppendAsync([first with { CpuLoad = 0.9 }, first with { Host = H2 }], [], None);

        Assert.Equal([first], await history.HostSamplesAsync(H1, Noon, None));
        Assert.Single(await history.HostSamplesAsync(H2, Noon, None));
    }
}
