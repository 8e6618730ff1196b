using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Answers;
using Runbooks.Hypervisors.Xen.Answers;

namespace Runbooks.Hypervisors.Xen;

/// <summary>
/// All that one host has of one VM, read in one call: its definition, the domains that are it or copies of it, and the
/// process that moves it away. The rules that make a state of it are pure, so that every combination can be tested.
/// </summary>
/// <param name="Vm">The VM.</param>
/// <param name="Definition">Its definition; null when this host has none.</param>
/// <param name="Domains">Its domains: usually none or one.</param>
/// <param name="Job">What moves it away; null when nothing does.</param>
internal sealed record DomainSight(VmName Vm, XenDefinition? Definition, IReadOnlyList<DomainRow> Domains, XenJob? Job)
{
    /// <summary>The VM's own domain, under its own name.</summary>
    public DomainRow? Itself => Domains.FirstOrDefault(d => d.Role == DomainRole.Itself);

    /// <summary>This host has nothing of it.</summary>
    public bool IsAbsent => Definition is null && Domains.Count == 0 && Job is null;

    /// <summary>
    /// Where the job is. Before the guest stops it is pre-copy; from then on, until our process has put the definition at
    /// the destination, it is the switch-over.
    /// </summary>
    public MigrationPhase Phase => Job is null ? MigrationPhase.None
        : Itself is { IsShutDown: false, IsDying: false } ? MigrationPhase.PreCopy
        : MigrationPhase.StopAndCopy;

    public VmObservation Observe(DateTimeOffset at)
    {
        var (state, reason) = Judge();
        var domain = Itself ?? (Domains.Count > 0 ? Domains[0] : null);
        return new VmObservation(
            at,
            Vm,
            domain?.Uuid ?? Definition?.Uuid ?? Guid.Empty,
            state,
            reason,
            Definition is not null,
            domain is { Vcpus: > 0 } ? domain.Vcpus : Definition?.Vcpus ?? 0,
            domain is { MemoryMiB: > 0 } ? domain.MemoryMiB : Definition?.MemoryMiB ?? 0,
            domain?.CpuTime ?? TimeSpan.Zero,
            null);
    }

    private (VmState State, string Reason) Judge() => Domains switch
    {
        // The domain is gone and our process still works: the destination runs it and is about to get its definition.
        [] when Job is not null => (VmState.Paused, VmStates.Migrating),
        [] when Definition?.Problem is { } problem => (VmState.Unknown, $"its definition can't be used: {problem}"),
        [] => (VmState.ShutOff, "defined"),
        // xl takes a domain down after its successor has started, and takes its name away first.
        [{ Role: DomainRole.Nameless, IsSuspended: true }] => (VmState.Paused, VmStates.Migrating),
        [{ IsDying: true } or { Role: DomainRole.Nameless, IsShutDown: true }] => (VmState.ShutOff, "its domain is being taken down"),
        [{ Role: DomainRole.Incoming or DomainRole.MigratedAway }] => (VmState.Paused, VmStates.Migrating),
        [{ IsSuspended: true }] => (VmState.Paused, VmStates.Migrating),
        [{ HasCrashed: true }] => (VmState.Crashed, "crashed"),
        [{ IsShutDown: true }] => (VmState.ShutOff, "shut down"),
        [{ IsPaused: true }] => (VmState.Paused, "user"),
        [_] => (VmState.Running, Job is null ? "running" : VmStates.Migrating),
        _ => (VmState.Unknown, $"{Domains.Count} domains of it: {string.Join(", ", Domains.Select(d => $"{d.Role} {d.Flags}"))}"),
    };

    /// <summary>What a host has of each VM that it knows.</summary>
    public static IReadOnlyList<DomainSight> Group(IReadOnlyList<XenDefinition> definitions, IReadOnlyList<DomainRow> all, IReadOnlyList<XenJob> jobs)
    {
        // A nameless domain belongs to the VM with its UUID; one of nobody here is about to get its name, or to go.
        var owners = definitions.Select(d => (d.Uuid, d.Name)).Concat(all.Where(d => d.Role == DomainRole.Itself).Select(d => (d.Uuid, d.Name)))
            .Where(o => o.Uuid != Guid.Empty).ToLookup(o => o.Uuid, o => o.Name);
        DomainRow[] domains = [.. all.Where(d => d.Role != DomainRole.Nameless || owners.Contains(d.Uuid)).Select(d => d.Role == DomainRole.Nameless ? d with { Name = owners[d.Uuid].First() } : d)];
        return
        [
            .. definitions.Select(d => d.Name).Concat(domains.Select(d => d.Name)).Concat(jobs.Select(j => j.Vm)).Distinct().Select(vm => new DomainSight(
                vm,
                definitions.FirstOrDefault(d => d.Name == vm),
                [.. domains.Where(d => d.Name == vm)],
                // The longest: a process forks and its children carry its words.
                jobs.Where(j => j.Vm == vm).MaxBy(j => j.Elapsed))),
        ];
    }
}
