using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.History;

/// <summary>Recorded loads in memory, for simulation and for tests. A second sample of one host or VM at one moment is dropped.</summary>
public sealed class InMemoryFleetHistory : IFleetHistory
{
    private readonly Lock gate = new();
    private readonly Dictionary<HostName, SortedList<DateTimeOffset, HostSample>> hostSamples = [];
    private readonly Dictionary<VmName, SortedList<DateTimeOffset, VmSample>> vmSamples = [];

    public Task AppendAsync(IReadOnlyList<HostSample> hosts, IReadOnlyList<VmSample> vms, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        ArgumentNullException.ThrowIfNull(vms);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            foreach (var sample in hosts)
            {
                Series(hostSamples, sample.Host).TryAdd(sample.At, sample);
            }

            foreach (var sample in vms)
            {
                Series(vmSamples, sample.Vm).TryAdd(sample.At, sample);
            }
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<HostSample>> HostSamplesAsync(HostName host, DateTimeOffset since, CancellationToken cancellationToken) =>
        SinceAsync(hostSamples, host, since, cancellationToken);

    public Task<IReadOnlyList<VmSample>> VmSamplesAsync(VmName vm, DateTimeOffset since, CancellationToken cancellationToken) =>
        SinceAsync(vmSamples, vm, since, cancellationToken);

    private Task<IReadOnlyList<TSample>> SinceAsync<TName, TSample>(
        Dictionary<TName, SortedList<DateTimeOffset, TSample>> all,
        TName name,
        DateTimeOffset since,
        CancellationToken cancellationToken)
        where TName : notnull
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult<IReadOnlyList<TSample>>([.. Series(all, name).Where(s => s.Key >= since).Select(s => s.Value)]);
        }
    }

    private static SortedList<DateTimeOffset, TSample> Series<TName, TSample>(Dictionary<TName, SortedList<DateTimeOffset, TSample>> all, TName name)
        where TName : notnull =>
        all.TryGetValue(name, out var series) ? series : all[name] = [];
}
