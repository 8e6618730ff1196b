using System.Collections.Immutable;
using System.Globalization;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Simulation;

/// <summary>A host of the generated fleet.</summary>
public sealed record GeneratedHost(HostName Name, int Cpus, int MemoryMiB, int Priority);

/// <summary>A VM of the generated fleet and where it begins.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Host">The host that it runs on at first.</param>
/// <param name="Vcpus">Its vCPUs.</param>
/// <param name="MemoryMiB">Its memory, MiB.</param>
/// <param name="DirtyMiBs">Memory that it writes, MiB per second.</param>
/// <param name="WorkingSetMiB">Memory that those writes go to, MiB.</param>
public sealed record GeneratedVm(VmName Name, HostName Host, int Vcpus, int MemoryMiB, double DirtyMiBs, int WorkingSetMiB);

/// <summary>
/// A fleet of 12 hosts and 60 VMs and the load of each VM through the day. Everything is a pure function of the seed,
/// the VM and the time, so a day can be replayed, compared and searched without being stored.
/// </summary>
/// <remarks>
/// <para><c>load(vm, t) = clamp(night + (day − night) × bell(hour − shift) + ripple + peak, 0.01, 1)</c></para>
/// <para><c>bell(h) = ((1 − cos(2π (h − 4) / 24)) / 2)^1.5</c>: 0 at 04:00, 1 at 16:00. <c>shift</c> moves it by at most
/// two hours per VM.</para>
/// <para><c>ripple</c>: noise between −0.04 and 0.04, one value every 5 minutes, joined by straight lines.</para>
/// <para><c>peak</c>: in two hours of a hundred a VM's load rises by up to 0.3 and falls again within 20 minutes.</para>
/// <para>Every tenth VM is busy (night 0.20 to 0.30, day 0.50 to 0.70); the others are not (night 0.04 to 0.10, day 0.18 to
/// 0.32). With 12 hosts on, the night is far below the usual Load_min of 0.30 and the afternoon is near it; memory lets
/// the fleet shrink to about eight hosts, which carry the afternoon.</para>
/// </remarks>
public sealed class DayGenerator
{
    public const int HostCount = 12;
    public const int VmCount = 60;

    private const int BusyEvery = 10;
    private const double RippleMinutes = 5;
    private const double PeakMinutes = 20;

    private static readonly (int Vcpus, int MemoryMiB)[] Sizes = [(2, 2_048), (2, 4_096), (4, 4_096), (4, 6_144), (8, 10_240)];

    private readonly Dictionary<VmName, int> index = [];

    public DayGenerator(int seed)
    {
        Seed = seed;
        Hosts = [.. Enumerable.Range(1, HostCount).Select(i => new GeneratedHost(HostNamed(i), Cpus: 16, MemoryMiB: 49_152, Priority: i * 10))];
        Vms = [.. Enumerable.Range(1, VmCount).Select(MakeVm)];
        for (var i = 0; i < Vms.Length; i++)
        {
            index[Vms[i].Name] = i + 1;
        }
    }

    public int Seed { get; }

    public ImmutableArray<GeneratedHost> Hosts { get; }

    public ImmutableArray<GeneratedVm> Vms { get; }

    /// <summary>The share of its vCPUs that a VM wants, 0.01 to 1.</summary>
    /// <param name="vm">A VM of this fleet.</param>
    /// <param name="at">Time since midnight of the first day; later days repeat its shape with other ripples and peaks.</param>
    /// <exception cref="ArgumentException">The VM is not of this fleet.</exception>
    public double LoadOf(VmName vm, TimeSpan at)
    {
        if (!index.TryGetValue(vm, out var i))
        {
            throw new ArgumentException($"The generated fleet has no VM '{vm}'; its VMs are vm01 to vm{VmCount}.", nameof(vm));
        }

        var busy = i % BusyEvery == 0;
        var night = Between(busy ? 0.20 : 0.04, busy ? 0.30 : 0.10, Chance(i, Aspect.Night));
        var day = Between(busy ? 0.50 : 0.18, busy ? 0.70 : 0.32, Chance(i, Aspect.Day));
        var shift = Between(-2, 2, Chance(i, Aspect.Shift));
        return Math.Clamp(night + ((day - night) * Bell(at.TotalHours - shift)) + Ripple(i, at) + Peak(i, at), 0.01, 1);
    }

    private static double Bell(double hour) => Math.Pow((1 - Math.Cos(2 * Math.PI * (hour - 4) / 24)) / 2, 1.5);

    private double Ripple(int vm, TimeSpan at)
    {
        var position = at.TotalMinutes / RippleMinutes;
        var step = (long)Math.Floor(position);
        var before = Between(-0.04, 0.04, Chance(vm, Aspect.Ripple, step));
        var after = Between(-0.04, 0.04, Chance(vm, Aspect.Ripple, step + 1));
        return before + ((after - before) * (position - step));
    }

    private double Peak(int vm, TimeSpan at)
    {
        var hour = (long)Math.Floor(at.TotalHours);
        if (Chance(vm, Aspect.PeakHour, hour) >= 0.02)
        {
            return 0;
        }

        var start = Between(0, 60 - PeakMinutes, Chance(vm, Aspect.PeakStart, hour));
        var into = ((at.TotalHours - hour) * 60) - start;
        var height = Between(0.15, 0.3, Chance(vm, Aspect.PeakHeight, hour));
        var slope = 1 - (Math.Abs(into - (PeakMinutes / 2)) / (PeakMinutes / 2));
        return height * Math.Max(0, slope);
    }

    private GeneratedVm MakeVm(int i)
    {
        // Each host begins with one VM of each size, so that every seed's fleet fits; which VM has which differs.
        var (host, onHost) = (((i - 1) % HostCount) + 1, (i - 1) / HostCount);
        var first = (int)(Chance(host, Aspect.Size) * Sizes.Length);
        var (vcpus, memory) = Sizes[(first + onHost) % Sizes.Length];
        var dirty = Between(i % BusyEvery == 0 ? 120 : 5, i % BusyEvery == 0 ? 300 : 60, Chance(i, Aspect.Dirty));
        return new GeneratedVm(
            new VmName(string.Create(CultureInfo.InvariantCulture, $"vm{i:00}")),
            HostNamed(host),
            vcpus,
            memory,
            Math.Round(dirty, 1),
            memory / 4);
    }

    private static HostName HostNamed(int i) => new(string.Create(CultureInfo.InvariantCulture, $"host{i:00}"));

    private static double Between(double from, double to, double share) => from + ((to - from) * share);

    /// <summary>A number from 0 to below 1 that depends on nothing but the seed and what it is for.</summary>
    private double Chance(int vm, Aspect aspect, long step = 0)
    {
        var x = unchecked(((ulong)(uint)Seed << 32) ^ ((ulong)(uint)vm << 8) ^ (ulong)aspect);
        return (Scramble(Scramble(x) ^ unchecked((ulong)step)) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>Spreads neighbouring numbers over all 64 bits (multiply and fold, twice).</summary>
    private static ulong Scramble(ulong x)
    {
        unchecked
        {
            x += 0x9E3779B97F4A7C15;
            x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93;
            x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93;
            return x ^ (x >> 32);
        }
    }

    private enum Aspect
    {
        Size,
        Dirty,
        Night,
        Day,
        Shift,
        Ripple,
        PeakHour,
        PeakStart,
        PeakHeight,
    }
}
