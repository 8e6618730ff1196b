using System.Collections.Immutable;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>One pool while a plan for it is made: the dense fleet, what binds its VMs, and what may not be touched.</summary>
internal sealed class PoolModel
{
    private readonly (Constraint Kind, string Why)?[] fixedBy;

    public PoolModel(string pool, FleetSnapshot snapshot, PlannerPolicy policy, PlanningRequest request)
    {
        Pool = pool;
        Snapshot = snapshot;
        Policy = policy;
        Request = request;
        Hosts = [.. snapshot.Hosts.Where(h => h.Pool == pool)];
        var index = Hosts.Select((h, i) => (h.Name, i)).ToDictionary(p => p.Name, p => p.i);
        Vms = [.. snapshot.Vms.Where(v => v.State != VmState.ShutOff && (v.Host == default ? v.Name == request.Vm : index.ContainsKey(v.Host)))];
        var held = snapshot.Reservations.ToDictionary(r => r.Vm);
        Rules = new PlacementRules(Hosts, Vms, policy);
        fixedBy = [.. Vms.Select(v => WhyFixed(v, v.Host == default ? null : Hosts[index[v.Host]], held))];
        Fleet = new DenseFleet(
            [.. Hosts.Select(h => Dense(h, snapshot.Reservations, snapshot))],
            [.. Vms.Select(v => Dense(v, index))],
            policy.CpuRule);
        Failure = new HostFailure(Fleet);
        WasOn = [.. Hosts.Select(h => h is { Power: PowerState.On, Reachable: true })];
        Before = Figures(ImmutableHashSet<int>.Empty);
    }

    public string Pool { get; }

    public FleetSnapshot Snapshot { get; }

    public PlannerPolicy Policy { get; }

    public PlanningRequest Request { get; }

    public IReadOnlyList<Host> Hosts { get; }

    public IReadOnlyList<Vm> Vms { get; }

    public DenseFleet Fleet { get; }

    public PlacementRules Rules { get; }

    public HostFailure Failure { get; }

    /// <summary>Hosts that were on before the plan.</summary>
    public IReadOnlyList<bool> WasOn { get; }

    public FleetFigures Before { get; }

    public bool IsTimeUp => Request.IsTimeUp?.Invoke() ?? false;

    /// <summary>Why a VM may not be moved at all; null when it may.</summary>
    public (Constraint Kind, string Why)? FixedBy(int vm) => fixedBy[vm];

    public bool IsMovable(int vm) => fixedBy[vm] is null;

    public int IndexOf(HostName name)
    {
        for (var h = 0; h < Hosts.Count; h++)
        {
            if (Hosts[h].Name == name)
            {
                return h;
            }
        }

        return -1;
    }

    /// <summary>A VM may go to a host as far as limits and rules are concerned.</summary>
    public bool May(int vm, int host, bool isWhole = false) =>
        Fleet.HostOf(vm) != host && Fleet.Fits(vm, host) && Rules.Allow(vm, host, Fleet, isWhole);

    /// <summary>Everything that forbids a VM a host.</summary>
    public ImmutableArray<Constraint> Broken(int vm, int host)
    {
        return [.. KindsOf(Fleet.Broken(vm, host), host), .. Rules.Broken(vm, host, Fleet)];
    }

    /// <summary>Limits as constraints.</summary>
    public IEnumerable<Constraint> KindsOf(Limits limits, int host)
    {
        if (limits.HasFlag(Limits.Closed))
        {
            yield return Hosts[host].Mode == HostMode.Maintenance ? Constraint.Maintenance : Constraint.HostClosed;
        }

        if (limits.HasFlag(Limits.Memory))
        {
            yield return Constraint.Memory;
        }

        if (limits.HasFlag(Limits.Vcpus))
        {
            yield return Constraint.Vcpus;
        }

        if (limits.HasFlag(Limits.Cpu))
        {
            yield return Constraint.CpuLoad;
        }
    }

    /// <summary>Why a VM finds no host, as the smallest set of constraints.</summary>
    public Refusal NoHostFor(int vm, string what)
    {
        var from = Fleet.HostOf(vm);
        var broken = Enumerable.Range(0, Hosts.Count)
            .Where(h => h != from)
            .Select(h => (Hosts[h].Name, Broken: Broken(vm, h)))
            .Where(b => !b.Broken.IsEmpty);
        var blockade = Blockade.Of(broken);
        var v = Vms[vm];
        var why = blockade?.Sentence() ?? "There is no other host in its pool.";
        return new Refusal(v.Name.Value, $"{what}: {v.Name} ({v.MemoryMiB} MiB, {v.CpuCores:0.00} cores, {v.Vcpus} vCPUs) fits on no other host of pool '{Pool}'. {why}") { Blockade = blockade };
    }

    /// <summary>The refusal of a VM that may not be moved.</summary>
    public Refusal Fixed(int vm)
    {
        var (kind, why) = fixedBy[vm]!.Value;
        return new Refusal(Vms[vm].Name.Value, why) { Blockade = new Blockade([kind], true, []) };
    }

    /// <summary>Refusals of the VMs that stay because they run together with others, for goals that move VMs one by one.</summary>
    public IEnumerable<Refusal> Bound() => Enumerable.Range(0, Vms.Count)
        .Where(v => IsMovable(v) && Rules.UnitOf(v).Count > 1)
        .Select(v => new Refusal(Vms[v].Name.Value, $"VM {Vms[v].Name} runs together with {string.Join(", ", Rules.UnitOf(v).Where(o => o != v).Select(o => Vms[o].Name))}; to make loads even, VMs are moved one by one.")
        {
            Blockade = new Blockade([Constraint.Together], true, []),
        });

    /// <summary>The placement as it is now, in numbers.</summary>
    /// <param name="off">Hosts that are switched off in it.</param>
    public FleetFigures Figures(IReadOnlySet<int> off)
    {
        int used = 0, counted = 0;
        double sum = 0, squares = 0, cpuMax = 0, memMax = 0, watts = 0;
        for (var h = 0; h < Hosts.Count; h++)
        {
            var isUsed = Fleet.CountOn(h) > 0;
            used += isUsed ? 1 : 0;
            var load = Fleet.Load(h);
            ref readonly var host = ref Fleet.Host(h);
            var isOn = isUsed || (WasOn[h] && !off.Contains(h));
            watts += isOn ? FleetScore.Watts(host, load, 1) : 0;
            cpuMax = Math.Max(cpuMax, load);
            memMax = Math.Max(memMax, Fleet.MemoryOf(h) / Math.Max(1.0, host.MemoryMiB));
            if (WasOn[h] || isUsed)
            {
                counted++;
                sum += load;
                squares += load * load;
            }
        }

        var mean = counted > 0 ? sum / counted : 0;
        var sd = counted > 0 ? Math.Sqrt(Math.Max(0, (squares / counted) - (mean * mean))) : 0;
        return new FleetFigures(used, sd, cpuMax, memMax, Failure.Failures(), watts) { Hosts = counted, CpuMean = mean };
    }

    private (Constraint Kind, string Why)? WhyFixed(Vm vm, Host? host, Dictionary<VmName, Reservations.Reservation> held)
    {
        if (held.TryGetValue(vm.Name, out var by))
        {
            return (Constraint.Immovable, by.Source == by.Destination ? $"VM {vm.Name} is held by {by.Holder}, which changes its size." : $"VM {vm.Name} is held by {by.Holder} for its move to {by.Destination}.");
        }

        if (vm.Traits.Immovable is { } declared)
        {
            return (Constraint.Immovable, $"VM {vm.Name} may not be moved: {declared}");
        }

        if (vm.State != VmState.Running && host is not null && !HasFailed(host))
        {
            return (Constraint.Immovable, $"VM {vm.Name} is {vm.State.ToString().ToLowerInvariant()}; only running VMs are moved.");
        }

        // An order of an operator, or a failure, does not wait for a VM to settle.
        var settles = Request.Goal is PlanGoal.Consolidate or PlanGoal.Deconsolidate or PlanGoal.Balance or PlanGoal.Relieve;
        if (host is { Mode: HostMode.Maintenance } && settles)
        {
            return (Constraint.Maintenance, $"Host {host.Name} is in maintenance; the automation leaves VM {vm.Name} alone.");
        }

        if (host is not null && !HasFailed(host) && host is not { Power: PowerState.On, Reachable: true })
        {
            return (Constraint.HostClosed, $"Host {host.Name} does not answer, so VM {vm.Name} can't be moved from it.");
        }

        if (host is { Mode: HostMode.Cordoned } && settles)
        {
            return (Constraint.HostClosed, $"Host {host.Name} is cordoned: another run is at work on VM {vm.Name} there.");
        }

        return settles && vm.Traits.MovedAt is { } at && Snapshot.TakenAt - at < Policy.MinResidence
            ? (Constraint.MinResidence, $"VM {vm.Name} came to its host at {at:u}; it stays for {Policy.MinResidence.TotalMinutes:0} minutes.")
            : null;
    }

    private bool HasFailed(Host host) => Request.Goal == PlanGoal.Recover && host.Name == Request.Host;

    private DenseHost Dense(Host h, ImmutableArray<Reservations.Reservation> reservations, FleetSnapshot snapshot)
    {
        var arriving = reservations.Where(r => r.Destination == h.Name && r.Source != h.Name).ToList();
        var isOpen = h is { Power: PowerState.On, Reachable: true, Mode: HostMode.Active };
        var power = h.Traits.PowerModel is { } name ? Policy.PowerTables.GetValueOrDefault(name) : null;
        return new DenseHost(
            h.Cpus,
            (long)Math.Floor(h.MemoryMiB * (1 - Policy.MemoryHeadroom)),
            h.Cpus * Policy.VcpuRatio,
            power?.Idle ?? h.Traits.IdleWatts ?? 0,
            power?.Full ?? h.Traits.PeakWatts ?? h.Traits.IdleWatts ?? 0,
            isOpen,
            isOpen,
            arriving.Sum(r => (long)r.MemoryMiB),
            arriving.Sum(r => snapshot.FindVm(r.Vm)?.CpuCores ?? r.Vcpus),
            arriving.Sum(r => r.Vcpus),
            power);
    }

    private DenseVm Dense(Vm v, Dictionary<HostName, int> index) => new(
        v.Host == default ? DenseFleet.Nowhere : index[v.Host],
        v.State == VmState.Running ? v.CpuCores : (v.CpuLoad ?? 1) * v.Vcpus,
        v.Traits.CpuVariance ?? 0,
        v.MemoryMiB,
        v.Vcpus,
        (byte)(v.Class ?? Policy.Thresholds.Classify(v.CpuLoad ?? 1)));
}
