namespace Runbooks.Fleet.Planning.Core;

/// <summary>
/// Hosts and VMs of one pool in arrays, with what each host carries kept up to date by every move, and moves that can be
/// taken back. Everything that plans or simulates placement stands on it.
/// </summary>
/// <remarks>
/// <para>Costs: a move, a test and an undo take constant time; nothing is allocated after the start.</para>
/// <para>An undo restores the sums and the order of the VMs of a host to the last bit, so a search that tries and takes
/// back leaves no trace, and the same input gives the same plan.</para>
/// <para>Not safe for several threads.</para>
/// </remarks>
public sealed class DenseFleet
{
    /// <summary>A VM that is on no host.</summary>
    public const int Nowhere = -1;

    /// <summary>Number of load classes.</summary>
    public const int Classes = 3;

    private readonly DenseHost[] hosts;
    private readonly DenseVm[] vms;
    private readonly int[] hostOf;
    private readonly double[] mean;
    private readonly double[] variance;
    private readonly long[] memory;
    private readonly int[] vcpus;
    private readonly int[] count;
    private readonly int[] classCount;
    private readonly int[] first;
    private readonly int[] last;
    private readonly int[] next;
    private readonly int[] previous;
    private readonly List<MoveTrace> log = [];

    public DenseFleet(IReadOnlyList<DenseHost> hosts, IReadOnlyList<DenseVm> vms, CpuRule rule)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        ArgumentNullException.ThrowIfNull(vms);
        this.hosts = [.. hosts];
        this.vms = [.. vms];
        Rule = rule;
        hostOf = new int[vms.Count];
        next = new int[vms.Count];
        previous = new int[vms.Count];
        mean = new double[hosts.Count];
        variance = new double[hosts.Count];
        memory = new long[hosts.Count];
        vcpus = new int[hosts.Count];
        count = new int[hosts.Count];
        classCount = new int[hosts.Count * Classes];
        first = new int[hosts.Count];
        last = new int[hosts.Count];
        Array.Fill(first, Nowhere);
        Array.Fill(last, Nowhere);
        for (var h = 0; h < hosts.Count; h++)
        {
            mean[h] = this.hosts[h].OtherCores;
            memory[h] = this.hosts[h].OtherMemoryMiB;
            vcpus[h] = this.hosts[h].OtherVcpus;
        }

        for (var v = 0; v < vms.Count; v++)
        {
            hostOf[v] = Nowhere;
            if (this.vms[v].Host is var h and >= 0)
            {
                Put(v, h);
            }
        }
    }

    public CpuRule Rule { get; set; }

    public int HostCount => hosts.Length;

    public int VmCount => vms.Length;

    /// <summary>Moves made and not taken back; a mark for <see cref="UndoTo"/>.</summary>
    public int Mark => log.Count;

    public ref readonly DenseHost Host(int host) => ref hosts[host];

    public ref readonly DenseVm Vm(int vm) => ref vms[vm];

    /// <summary>The host that a VM is on; <see cref="Nowhere"/> for none.</summary>
    public int HostOf(int vm) => hostOf[vm];

    /// <summary>Number of VMs on a host.</summary>
    public int CountOn(int host) => count[host];

    /// <summary>Number of VMs of a load class on a host.</summary>
    public int CountOn(int host, int loadClass) => classCount[(host * Classes) + loadClass];

    /// <summary>The first VM on a host; <see cref="Nowhere"/> for none. Follow with <see cref="NextOn"/>.</summary>
    public int FirstOn(int host) => first[host];

    /// <summary>The VM after this one on its host; <see cref="Nowhere"/> after the last.</summary>
    public int NextOn(int vm) => next[vm];

    /// <summary>Cores that its VMs use on average.</summary>
    public double MeanOf(int host) => mean[host];

    /// <summary>Variance of what its VMs use, cores squared; VMs are taken as independent.</summary>
    public double VarianceOf(int host) => variance[host];

    /// <summary>Memory that its VMs hold, MiB.</summary>
    public long MemoryOf(int host) => memory[host];

    public int VcpusOf(int host) => vcpus[host];

    /// <summary>Memory that VMs may still take, MiB; negative when a host holds too much already.</summary>
    public long FreeMemory(int host) => hosts[host].MemoryMiB - memory[host];

    public double FreeVcpus(int host) => hosts[host].VcpuLimit - vcpus[host];

    /// <summary>Average use as a share of the cores; above 1 when more is asked than there is.</summary>
    public double Load(int host) => mean[host] / hosts[host].Cores;

    /// <summary>Cores that a host is expected to need: mean and the rule's share of the deviation.</summary>
    public double Need(int host) => NeedOf(mean[host], variance[host]);

    /// <summary>Cores that a host would need with one more VM.</summary>
    public double NeedWith(int vm, int host) => NeedOf(mean[host] + vms[vm].CpuMean, variance[host] + vms[vm].CpuVariance);

    public double NeedOf(double mean, double variance) => Rule.Sigmas == 0 || variance <= 0 ? mean : mean + (Rule.Sigmas * Math.Sqrt(variance));

    /// <summary>Cores that the rule lets a host need.</summary>
    public double CpuLimit(int host) => hosts[host].Cores * Rule.CpuShare;

    /// <summary>A host needs more than the rule allows.</summary>
    public bool IsOverloaded(int host) => !Rule.Allows(Need(host), hosts[host].Cores);

    /// <summary>All limits that a VM would break on a host that it is not on; None when it fits.</summary>
    public Limits Broken(int vm, int host)
    {
        ref readonly var v = ref vms[vm];
        ref readonly var h = ref hosts[host];
        return (h.IsOpen ? Limits.None : Limits.Closed)
            | (memory[host] + v.MemoryMiB > h.MemoryMiB ? Limits.Memory : Limits.None)
            | (vcpus[host] + v.Vcpus > h.VcpuLimit ? Limits.Vcpus : Limits.None)
            | (Rule.Allows(NeedWith(vm, host), h.Cores) ? Limits.None : Limits.Cpu);
    }

    /// <summary>A VM fits on a host that it is not on.</summary>
    public bool Fits(int vm, int host)
    {
        ref readonly var v = ref vms[vm];
        ref readonly var h = ref hosts[host];
        return h.IsOpen
            && memory[host] + v.MemoryMiB <= h.MemoryMiB
            && vcpus[host] + v.Vcpus <= h.VcpuLimit
            && Rule.Allows(NeedWith(vm, host), h.Cores);
    }

    /// <summary>Moves a VM, whether it fits or not; to <see cref="Nowhere"/> takes it off its host.</summary>
    public void Move(int vm, int to)
    {
        var from = hostOf[vm];
        log.Add(new MoveTrace(
            vm,
            from,
            to,
            from < 0 ? Nowhere : next[vm],
            from < 0 ? 0 : mean[from],
            from < 0 ? 0 : variance[from],
            to < 0 ? 0 : mean[to],
            to < 0 ? 0 : variance[to]));
        if (from >= 0)
        {
            Take(vm, from);
        }

        if (to >= 0)
        {
            Put(vm, to);
        }
    }

    /// <summary>Takes moves back, last first, until <paramref name="mark"/> remain.</summary>
    public void UndoTo(int mark)
    {
        while (log.Count > mark)
        {
            var t = log[^1];
            log.RemoveAt(log.Count - 1);
            if (t.To >= 0)
            {
                Take(t.Vm, t.To);
                (mean[t.To], variance[t.To]) = (t.ToMean, t.ToVariance);
            }

            if (t.From >= 0)
            {
                // Moves are taken back in reverse, so the VM that came after it then is there again.
                Put(t.Vm, t.From, t.Next);
                (mean[t.From], variance[t.From]) = (t.FromMean, t.FromVariance);
            }
        }
    }

    /// <summary>Forgets how to take back what was done so far.</summary>
    public void Commit() => log.Clear();

    /// <summary>Gives a VM a new need, and forgets how to take back what was done so far.</summary>
    /// <remarks>Sums drift by rounding after very many changes; <see cref="Recount"/> makes them anew.</remarks>
    public void SetNeed(int vm, double cpuMean, double cpuVariance, byte loadClass)
    {
        log.Clear();
        var old = vms[vm];
        vms[vm] = old with { CpuMean = cpuMean, CpuVariance = cpuVariance, Class = loadClass };
        if (hostOf[vm] is var h and >= 0)
        {
            mean[h] += cpuMean - old.CpuMean;
            variance[h] += cpuVariance - old.CpuVariance;
            classCount[(h * Classes) + old.Class]--;
            classCount[(h * Classes) + loadClass]++;
        }
    }

    /// <summary>Opens or closes a host for arrivals; the room of a closed one is not counted on when another fails.</summary>
    public void SetOpen(int host, bool isOpen) => hosts[host] = hosts[host] with { IsOpen = isOpen, IsUp = isOpen };

    /// <summary>Adds up what every host carries from its VMs, in their order, and forgets the log.</summary>
    public void Recount()
    {
        log.Clear();
        for (var h = 0; h < hosts.Length; h++)
        {
            (mean[h], variance[h]) = (hosts[h].OtherCores, 0);
            for (var v = first[h]; v >= 0; v = next[v])
            {
                mean[h] += vms[v].CpuMean;
                variance[h] += vms[v].CpuVariance;
            }
        }
    }

    /// <summary>Puts a VM before another one of the host, or at the end.</summary>
    private void Put(int vm, int host, int before = Nowhere)
    {
        ref readonly var v = ref vms[vm];
        var after = before >= 0 ? previous[before] : last[host];
        (previous[vm], next[vm]) = (after, before);
        Link(after, vm, host);
        if (before >= 0)
        {
            previous[before] = vm;
        }
        else
        {
            last[host] = vm;
        }

        mean[host] += v.CpuMean;
        variance[host] += v.CpuVariance;
        Count(vm, host, 1);
    }

    /// <summary>Makes <paramref name="vm"/> the one that follows <paramref name="after"/>, or the first of the host.</summary>
    private void Link(int after, int vm, int host)
    {
        if (after >= 0)
        {
            next[after] = vm;
        }
        else
        {
            first[host] = vm;
        }
    }

    private void Take(int vm, int host)
    {
        ref readonly var v = ref vms[vm];
        Link(previous[vm], next[vm], host);
        if (next[vm] >= 0)
        {
            previous[next[vm]] = previous[vm];
        }
        else
        {
            last[host] = previous[vm];
        }

        mean[host] -= v.CpuMean;
        variance[host] = Math.Max(0, variance[host] - v.CpuVariance);
        Count(vm, host, -1);
    }

    private void Count(int vm, int host, int by)
    {
        ref readonly var v = ref vms[vm];
        memory[host] += by * (long)v.MemoryMiB;
        vcpus[host] += by * v.Vcpus;
        count[host] += by;
        classCount[(host * Classes) + v.Class] += by;
        hostOf[vm] = by > 0 ? host : Nowhere;
    }
}
