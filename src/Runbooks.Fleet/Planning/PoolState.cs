using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;

namespace Runbooks.Fleet.Planning;

/// <summary>
/// What each host of one pool carries while a plan is being made: VMs, and capacity that is held for VMs on their way.
/// </summary>
/// <remarks>
/// Load is what the VMs use, not what the host reports: only that moves with them. A VM on its way counts at both ends
/// until it has arrived, for either end may have to carry it.
/// </remarks>
internal sealed class PoolState
{
    private readonly Dictionary<HostName, HostBurden> burdens;

    public PoolState(string pool, FleetSnapshot fleet, ConsolidationPolicy policy)
    {
        Name = pool;
        Hosts = [.. fleet.Hosts.Where(h => h.Pool == pool)];
        burdens = Hosts.ToDictionary(h => h.Name, h => new HostBurden(h, policy));
        foreach (var vm in fleet.Vms)
        {
            if (burdens.TryGetValue(vm.Host, out var burden))
            {
                burden.Carry(vm);
            }
        }

        foreach (var held in fleet.Reservations)
        {
            if (burdens.TryGetValue(held.Destination, out var burden))
            {
                burden.Hold(held, fleet.FindVm(held.Vm));
            }

            if (burdens.TryGetValue(held.Source, out var left))
            {
                left.Leave(held);
            }
        }
    }

    public string Name { get; }

    public IReadOnlyList<Host> Hosts { get; }

    /// <summary>Hosts whose load is known and that carry the pool now.</summary>
    public IEnumerable<Host> OnAndSeen => Hosts.Where(h => h is { Power: PowerState.On, Reachable: true });

    /// <summary>Hosts between which the automation may move VMs.</summary>
    public IEnumerable<Host> Usable => OnAndSeen.Where(h => h.Mode == HostMode.Active);

    /// <summary>CPU cores in use over CPU cores that are on; null when no host is on.</summary>
    public double? AverageLoad
    {
        get
        {
            var cores = OnAndSeen.Sum(h => h.Cpus);
            return cores == 0 ? null : OnAndSeen.Sum(h => burdens[h.Name].VmCores) / cores;
        }
    }

    public HostBurden On(HostName host) => burdens[host];
}

/// <summary>What one host carries, and what it may carry.</summary>
internal sealed class HostBurden(Host host, ConsolidationPolicy policy)
{
    private readonly List<Vm> vms = [];
    private readonly List<Reservation> arriving = [];
    private readonly List<Reservation> leaving = [];

    public Host Host => host;

    public IReadOnlyList<Vm> Vms => vms;

    /// <summary>Reservations on this host for VMs that are not here yet.</summary>
    public IReadOnlyList<Reservation> Arriving => arriving;

    /// <summary>Reservations of moves away from this host. Until they end, the host may still be asked about the VM.</summary>
    public IReadOnlyList<Reservation> Leaving => leaving;

    /// <summary>Cores that the VMs on it use.</summary>
    public double VmCores { get; private set; }

    /// <summary>Cores that its VMs and those on their way to it use.</summary>
    public double Cores { get; private set; }

    public int MemoryMiB { get; private set; }

    public int Vcpus { get; private set; }

    /// <summary>Memory that VMs may take together, MiB.</summary>
    public int MemoryLimitMiB => (int)Math.Floor(host.MemoryMiB * (1 - policy.MemoryHeadroom));

    public double VcpuLimit => host.Cpus * policy.VcpuRatio;

    public double Load => Cores / host.Cpus;

    public void Carry(Vm vm)
    {
        vms.Add(vm);
        if (HoldsCapacity(vm))
        {
            VmCores += vm.CpuCores;
            Add(vm.CpuCores, vm.MemoryMiB, vm.Vcpus);
        }
    }

    public void Hold(Reservation held, Vm? vm)
    {
        if (vm?.Host == host.Name)
        {
            return;
        }

        arriving.Add(held);
        Add(vm?.CpuCores ?? held.Vcpus, held.MemoryMiB, held.Vcpus);
    }

    public void Leave(Reservation held) => leaving.Add(held);

    /// <summary>Takes a VM in, as the planner's decision.</summary>
    public void Take(Vm vm) => Carry(vm with { Host = host.Name });

    /// <summary>Why a VM does not fit beside what is here, with the numbers; null when it fits.</summary>
    public string? WhyNot(Vm vm)
    {
        if (MemoryMiB + vm.MemoryMiB > MemoryLimitMiB)
        {
            return $"{host.Name} lacks {MemoryMiB + vm.MemoryMiB - MemoryLimitMiB} MiB of memory (limit {MemoryLimitMiB} MiB, {MemoryMiB} MiB taken)";
        }

        if (LoadWith(vm) > policy.Thresholds.LoadMax)
        {
            return $"{host.Name} would be at load {LoadWith(vm):0.00}, above Load_max {policy.Thresholds.LoadMax:0.00}";
        }

        return Vcpus + vm.Vcpus > VcpuLimit
            ? $"{host.Name} would have {Vcpus + vm.Vcpus} vCPUs on {host.Cpus} CPUs, above {policy.VcpuRatio:0.##} per CPU"
            : null;
    }

    public double LoadWith(Vm vm) => (Cores + vm.CpuCores) / host.Cpus;

    /// <summary>How full the host would be with a VM: the share of its scarcest limit that is taken, 0 to 1 when it fits.</summary>
    public double FillWith(Vm vm) => Math.Max(
        Math.Max(
            (MemoryMiB + vm.MemoryMiB) / (double)Math.Max(1, MemoryLimitMiB),
            LoadWith(vm) / policy.Thresholds.LoadMax),
        (Vcpus + vm.Vcpus) / VcpuLimit);

    /// <summary>A VM that is shut off takes nothing; every other state may hold memory.</summary>
    public static bool HoldsCapacity(Vm vm) => vm.State != VmState.ShutOff;

    private void Add(double cores, int memoryMiB, int vcpus)
    {
        Cores += cores;
        MemoryMiB += memoryMiB;
        Vcpus += vcpus;
    }
}
