using FsCheck;
using FsCheck.Fluent;
using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Tests.Planning.Core;

/// <summary>A dense fleet and moves to try on it.</summary>
internal sealed record DenseCase(IReadOnlyList<DenseHost> Hosts, IReadOnlyList<DenseVm> Vms, IReadOnlyList<(int Vm, int To)> Moves)
{
    public DenseFleet Fleet() => new(Hosts, Vms, new CpuRule(0.75, 1));

    public override string ToString() => $"{string.Join("\n", Hosts)}\n{string.Join("\n", Vms)}\n{string.Join(" ", Moves)}";
}

internal static class DenseFleets
{
    public static Arbitrary<DenseCase> Any { get; } = (
        from hosts in Gen.Choose(2, 7)
        from hostList in (
            from cores in Gen.Elements(4, 8, 16)
            from memory in Gen.Elements(8_192, 16_384, 32_768)
            select new DenseHost(cores, memory, cores * 3, 50, 100)).ListOf(hosts)
        from vms in Gen.Choose(1, 24)
        from vmList in (
            from host in Gen.Choose(-1, hosts - 1)
            from cpu in Gen.Choose(0, 300)
            from deviation in Gen.Choose(0, 100)
            from memory in Gen.Choose(1, 14)
            from vcpus in Gen.Choose(1, 4)
            from loadClass in Gen.Choose(0, 2)
            select new DenseVm(host, cpu / 100.0, deviation / 100.0, memory * 512, vcpus, (byte)loadClass)).ListOf(vms)
        from moves in (
            from vm in Gen.Choose(0, vms - 1)
            from to in Gen.Choose(-1, hosts - 1)
            select (vm, to)).ListOf(12)
        select new DenseCase([.. hostList], [.. vmList], [.. moves])).ToArbitrary();
}
