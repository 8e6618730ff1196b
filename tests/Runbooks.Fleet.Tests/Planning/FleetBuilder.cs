using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Reservations;

namespace Runbooks.Fleet.Tests.Planning;

/// <summary>A small fleet, said in few words. Hosts have 8 CPUs and 16,384 MiB unless told otherwise.</summary>
internal sealed class FleetBuilder
{
    public static readonly DateTimeOffset Noon = new(2030, 6, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly List<Host> hosts = [];
    private readonly List<Vm> vms = [];
    private readonly List<Reservation> reservations = [];

    public FleetBuilder Host(
        string name,
        int priority = 10,
        int cpus = 8,
        int memory = 16_384,
        string pool = "p",
        PowerState power = PowerState.On,
        HostMode mode = HostMode.Active,
        bool reachable = true)
    {
        hosts.Add(new Host(new HostName(name), pool, cpus, memory, priority, power, mode, null, reachable, reachable ? null : "No answer."));
        return this;
    }

    public FleetBuilder Vm(string name, string host, int memory = 1_024, int vcpus = 2, double? load = 0.1, VmState state = VmState.Running)
    {
        vms.Add(new Vm(new VmName(name), Guid.Empty, new HostName(host), state, vcpus, memory, load));
        return this;
    }

    public FleetBuilder Reserve(string vm, string from, string to, int memory, int vcpus = 2)
    {
        reservations.Add(new Reservation(new VmName(vm), new HostName(from), new HostName(to), memory, vcpus, "run-1", 1, Noon));
        return this;
    }

    public FleetSnapshot Build() => new(Noon, hosts, vms, reservations);

    public Plan Plan(ConsolidationPolicy? policy = null) => ConsolidationPlanner.Plan(Build(), policy ?? new ConsolidationPolicy());

    /// <summary>The fleet after a plan: VMs where it put them, hosts switched as it said.</summary>
    public static FleetSnapshot Apply(FleetSnapshot fleet, Plan plan) =>
        new(
            fleet.TakenAt,
            fleet.Hosts.Select(h => plan.Power.FirstOrDefault(p => p.Host == h.Name) is { } action ? h with { Power = action.Target } : h),
            fleet.Vms.Select(v => plan.Moves.FirstOrDefault(m => m.Vm == v.Name && m.From == v.Host) is { } move ? v with { Host = move.To } : v),
            fleet.Reservations);
}
