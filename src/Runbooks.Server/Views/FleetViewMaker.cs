using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Observation;
using Runbooks.Server.Configuration;
using Runbooks.Server.Fleet;
using Runbooks.Server.Runs;
using Runbooks.Workflows.Runs;
using Host = Runbooks.Fleet.Model.Host;

namespace Runbooks.Server.Views;

/// <summary>Puts together what is known of the fleet: the last look, who set modes, and what runs report of their moves.</summary>
public sealed class FleetViewMaker(FleetBoard fleet, RunBoard runs, ModeBoard modes, Settings settings)
{
    public FleetView Make()
    {
        var reading = fleet.Latest;
        var snapshot = reading?.Snapshot ?? FleetSnapshot.Empty;
        var held = snapshot.Reservations.ToDictionary(r => r.Vm);
        var vms = snapshot.Vms.Select(v => Of(v, held.GetValueOrDefault(v.Name))).ToLookup(v => v.Host, StringComparer.Ordinal);
        return new FleetView(
            settings.Fleet.DisplayName,
            settings.Fleet.Driver.ToString().ToLowerInvariant(),
            reading?.Snapshot.TakenAt,
            Totals(snapshot),
            Policy(),
            [.. snapshot.Hosts.Select(h => Of(h, snapshot, [.. vms[h.Name.Value]]))],
            [.. snapshot.Reservations.Select(r => new ReservationView(r.Vm.Value, r.Source.Value, r.Destination.Value, r.MemoryMiB, r.Vcpus, r.Holder, r.CreatedAt))],
            [.. (reading?.Problems ?? []).Select(p => new FleetProblemView(p.Severity, p.Host?.Value, p.Vm?.Value, p.Message))]);
    }

    private PolicyView Policy() => new(
        settings.Policy.LoadMin,
        settings.Policy.LoadMax,
        settings.Policy.LowBelow,
        settings.Policy.HighFrom,
        settings.Policy.MinActiveHosts,
        settings.Policy.MemoryHeadroom,
        settings.Policy.VcpuRatio);

    private static FleetTotals Totals(FleetSnapshot snapshot) => new(
        snapshot.Hosts.Length,
        snapshot.Hosts.Count(h => h.Power == PowerState.On),
        snapshot.Hosts.Count(h => h.Power == PowerState.Off),
        snapshot.Vms.Length,
        snapshot.Vms.Count(v => v.State == VmState.Running),
        snapshot.Reservations.Length,
        FleetBoard.AverageLoad(snapshot));

    private HostView Of(Host host, FleetSnapshot snapshot, IReadOnlyList<VmView> vms)
    {
        var mode = modes.Find(host.Name);
        return new HostView(
            host.Name.Value,
            host.Pool,
            host.Priority,
            host.Power,
            host.Mode,
            mode?.Reason,
            mode?.Holder,
            host.Reachable,
            host.Cpus,
            host.MemoryMiB,
            FleetBoard.LoadOf(snapshot, host),
            host.CpuLoad,
            vms.Where(v => v.State is VmState.Running or VmState.Paused).Sum(v => v.MemoryMiB),
            snapshot.Reservations.Where(r => r.Destination == host.Name).Sum(r => r.MemoryMiB),
            host.Problem,
            vms);
    }

    private VmView Of(Vm vm, Reservation? held)
    {
        VmMoveView? move = null;
        if (held is not null && held.Source != held.Destination)
        {
            var card = RunId.TryParse(held.Holder, out var id) ? runs.Find(id) : null;
            move = new VmMoveView(held.Source.Value, held.Destination.Value, held.Holder, card?.CurrentStage?.Name, card?.Progress);
        }

        return new VmView(vm.Name.Value, vm.Uuid, vm.Host.Value, vm.State, vm.Vcpus, vm.MemoryMiB, vm.CpuLoad, vm.MemoryUsedMiB, vm.Class, move);
    }
}
