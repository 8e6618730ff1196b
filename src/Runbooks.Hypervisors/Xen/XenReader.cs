using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Xen.Answers;

namespace Runbooks.Hypervisors.Xen;

/// <summary>Reads a host and its VMs in one call each, so that the parts belong to one moment.</summary>
internal sealed class XenReader(XenHost host, Xl xl, TimeProvider time)
{
    private const string What = "list -v";

    private readonly CpuMeter meter = new();

    /// <remarks>
    /// The memory is what guests can have: what they have, and what is free. The first domain's is no guest's, and a first
    /// domain that gives memory away when a guest is made (no <c>dom0_mem</c>) is not counted on.
    /// </remarks>
    public async Task<Result<HostObservation>> ReadHostAsync(CancellationToken cancellationToken)
    {
        var at = time.GetUtcNow();
        var answer = await xl.ReadAsync(XenScripts.ReadHost(host), $"info, {What}", cancellationToken);
        if (!answer.IsOk)
        {
            return answer.Fault;
        }

        if (!TryRead(answer.Value, out var seen, out var problem) || !XenFigures.TryRead(answer.Value["info"], out var figures, out problem))
        {
            return xl.BadAnswer($"info, {What}", problem);
        }

        var cpus = host.Cpus ?? figures.Cpus;
        var memory = host.MemoryMiB ?? figures.MemoryFreeMiB + seen.Guests.Sum(g => g.MemoryMiB);
        var total = seen.Uptime * figures.Cpus;
        var busy = meter.Add(seen.First, seen.Guests);
        return new HostObservation(
            at, cpus, memory, Math.Min(figures.MemoryFreeMiB, memory), busy < total ? busy : total, total,
            [.. DomainSight.Group(seen.Definitions, seen.Guests, seen.Jobs).Select(s => s.Observe(at))]);
    }

    /// <summary>What this host has of one VM; <see cref="DomainSight.IsAbsent"/> when it has nothing.</summary>
    public async Task<Result<DomainSight>> ReadVmAsync(VmName vm, CancellationToken cancellationToken)
    {
        var answer = await xl.ReadAsync(XenScripts.ReadVm(host, vm), What, cancellationToken);
        return !answer.IsOk ? answer.Fault
            : TryRead(answer.Value, out var seen, out var problem)
                ? DomainSight.Group(seen.Definitions, seen.Guests, seen.Jobs).FirstOrDefault(s => s.Vm == vm) ?? new DomainSight(vm, null, [], null)
                : xl.BadAnswer(What, problem);
    }

    private static bool TryRead(Dictionary<string, string[]> parts, out Seen seen, out string problem)
    {
        seen = null!;
        if (new[] { "uptime", "definitions", "jobs", "info", "list" }.FirstOrDefault(p => !parts.ContainsKey(p)) is { } missing)
        {
            problem = $"the answer has no part '{missing}'";
            return false;
        }

        if (!XenFigures.TryReadUptime(parts["uptime"], out var uptime, out problem)
            || !XenDefinition.TryRead(parts["definitions"], out var definitions, out problem)
            || !XenJob.TryRead(parts["jobs"], uptime, out var jobs, out problem)
            || !DomainRow.TryRead(parts["list"], out var rows, out problem))
        {
            return false;
        }

        seen = new Seen(uptime, definitions, jobs, rows.First!, rows.Guests);
        return true;
    }

    private sealed record Seen(
        TimeSpan Uptime,
        IReadOnlyList<XenDefinition> Definitions,
        IReadOnlyList<XenJob> Jobs,
        DomainRow First,
        IReadOnlyList<DomainRow> Guests);
}
