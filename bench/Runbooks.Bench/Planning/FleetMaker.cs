using Runbooks.Fleet.Model;

namespace Runbooks.Bench.Planning;

/// <summary>
/// Makes fleets of equal hosts (64 cores, 512 GiB, of which 4 GiB are the host's own) with ten VMs per host on average and
/// very uneven load: a host's share of the VMs is log-normal (sigma 0.9), a VM uses a Beta(1.2, 3.5) share of its vCPUs.
/// </summary>
internal static class FleetMaker
{
    public const double VcpuRatio = 4;
    public const int HostMemory = 524_288;
    public const int OwnMemory = 4_096;
    public const int Cores = 64;

    private const int VmsPerHost = 10;

    private static readonly (int Vcpus, int MemoryMiB, int Weight)[] Sizes =
        [(2, 4_096, 20), (2, 8_192, 15), (4, 8_192, 25), (4, 16_384, 15), (8, 16_384, 10), (8, 32_768, 10), (16, 65_536, 5)];

    public static FleetSnapshot Make(int hosts, int seed)
    {
        var chance = new Chance(seed);
        var (memory, vcpus) = (new int[hosts], new int[hosts]);
        var reach = new double[hosts];
        var sum = 0.0;
        for (var h = 0; h < hosts; h++)
        {
            sum += Math.Exp(0.9 * chance.Normal()) * Cores;
            reach[h] = sum;
        }

        var vms = new List<Vm>(hosts * VmsPerHost);
        for (var i = 0; i < hosts * VmsPerHost; i++)
        {
            var (size, mem) = Size(chance);
            var host = Pick(chance, reach, h => memory[h] + mem <= (HostMemory * 0.92) - OwnMemory && vcpus[h] + size <= Cores * VcpuRatio * 0.97);
            memory[host] += mem;
            vcpus[host] += size;
            vms.Add(new Vm(new VmName($"vm{i:000000}"), Guid.Empty, Name(host), VmState.Running, size, mem, chance.Beta(1.2, 3.5))
            {
                Traits = new VmTraits { DirtyMiBs = Math.Exp(2.5 + chance.Normal()) },
            });
        }

        var traits = new HostTraits { IdleWatts = 120 + (1.5 * Cores), PeakWatts = 120 + (5.0 * Cores) };
        return new FleetSnapshot(
            DateTimeOffset.UnixEpoch,
            Enumerable.Range(0, hosts).Select(h => new Host(Name(h), "default", Cores, HostMemory - OwnMemory, 0, PowerState.On, HostMode.Active) { Traits = traits }),
            vms);
    }

    private static HostName Name(int host) => new($"node{host:00000}");

    private static (int Vcpus, int MemoryMiB) Size(Chance chance)
    {
        var at = chance.Share() * Sizes.Sum(s => s.Weight);
        foreach (var (vcpus, memory, weight) in Sizes)
        {
            at -= weight;
            if (at < 0)
            {
                return (vcpus, memory);
            }
        }

        return (Sizes[^1].Vcpus, Sizes[^1].MemoryMiB);
    }

    private static int Pick(Chance chance, double[] reach, Func<int, bool> fits)
    {
        // Almost always one of the first draws fits; a fleet that is full is a mistake of the maker.
        for (var tries = 0; tries < 1_000; tries++)
        {
            var found = Array.BinarySearch(reach, chance.Share() * reach[^1]);
            var host = Math.Min(reach.Length - 1, found < 0 ? ~found : found);
            if (fits(host))
            {
                return host;
            }
        }

        throw new InvalidOperationException("No host has room for the next VM; make fewer VMs per host.");
    }

    /// <summary>Numbers by chance from a seed.</summary>
    private sealed class Chance(int seed)
    {
        private readonly Random random = new(seed);

        public double Share() => random.NextDouble();

        public double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

        public double Beta(double a, double b)
        {
            var (x, y) = (Gamma(a), Gamma(b));
            return x / (x + y);
        }

        /// <summary>Gamma with shape at least 1, by rejection.</summary>
        private double Gamma(double shape)
        {
            var d = shape - (1.0 / 3);
            while (true)
            {
                var x = Normal();
                var v = Math.Pow(1 + (x / Math.Sqrt(9 * d)), 3);
                if (v > 0 && Math.Log(1 - random.NextDouble()) < (x * x / 2) + d - (d * v) + (d * Math.Log(v)))
                {
                    return d * v;
                }
            }
        }
    }
}
