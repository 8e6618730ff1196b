using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Runbooks.Fleet.Reservations;

namespace Runbooks.Fleet.Model;

/// <summary>The fleet at one moment: what planners decide from. Immutable; hosts and VMs are sorted by name.</summary>
public sealed record FleetSnapshot
{
    public FleetSnapshot(
        DateTimeOffset takenAt,
        IEnumerable<Host> hosts,
        IEnumerable<Vm> vms,
        IEnumerable<Reservation>? reservations = null)
    {
        TakenAt = takenAt;
        Hosts = [.. hosts.OrderBy(h => h.Name)];
        Vms = [.. vms.OrderBy(v => v.Name).ThenBy(v => v.Host)];
        Reservations = [.. (reservations ?? []).OrderBy(r => r.Vm)];
    }

    public static FleetSnapshot Empty { get; } = new(DateTimeOffset.UnixEpoch, [], []);

    public DateTimeOffset TakenAt { get; }

    public ImmutableArray<Host> Hosts { get; }

    public ImmutableArray<Vm> Vms { get; }

    public ImmutableArray<Reservation> Reservations { get; }

    public Host? FindHost(HostName name) => Hosts.FirstOrDefault(h => h.Name == name);

    public Vm? FindVm(VmName name) => Vms.FirstOrDefault(v => v.Name == name);

    public IEnumerable<Vm> VmsOn(HostName host) => Vms.Where(v => v.Host == host);

    /// <summary>
    /// A short hash of what a plan depends on: power, mode and size of hosts; place, state and size of VMs; what binds VMs to hosts; reservations.
    /// Loads are left out: they change with every sample, and a plan is re-checked against them before each move.
    /// </summary>
    public string Hash()
    {
        var text = new StringBuilder();
        foreach (var h in Hosts)
        {
            text.Append(CultureInfo.InvariantCulture, $"h|{h.Name}|{h.Pool}|{h.Cpus}|{h.MemoryMiB}|{h.Priority}|{h.Power}|{h.Mode}|{h.Reachable}\n");
        }

        foreach (var v in Vms)
        {
            text.Append(CultureInfo.InvariantCulture, $"v|{v.Name}|{v.Uuid}|{v.Host}|{v.State}|{v.Vcpus}|{v.MemoryMiB}\n");
        }

        foreach (var h in Hosts.Where(h => h.Traits != HostTraits.None))
        {
            text.Append(CultureInfo.InvariantCulture, $"ht|{h.Name}|{TraitsText.Of(h.Traits)}\n");
        }

        foreach (var v in Vms.Where(v => v.Traits != VmTraits.None))
        {
            text.Append(CultureInfo.InvariantCulture, $"vt|{v.Name}|{TraitsText.Of(v.Traits)}\n");
        }

        foreach (var r in Reservations)
        {
            text.Append(CultureInfo.InvariantCulture, $"r|{r.Vm}|{r.Destination}|{r.MemoryMiB}\n");
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..16];
    }
}
