using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Observation;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Fleet;

/// <summary>
/// Finds VMs that are held by a run which has ended or is gone. Nobody will give them back, no run can move them, and while
/// they are held a copy of theirs that stands still, or a job that goes on, counts as that run's business.
/// </summary>
internal sealed class StrayReservations(IReservationLedger ledger, IRunStore runs)
{
    /// <param name="held">Reservations as they were read with the fleet.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public async Task<IReadOnlyList<FleetProblem>> FindAsync(IEnumerable<Reservation> held, CancellationToken cancellationToken)
    {
        var problems = new List<FleetProblem>();
        foreach (var reservation in held)
        {
            if (await WhyStrayAsync(reservation, cancellationToken) is { } why)
            {
                problems.Add(new FleetProblem(ProblemSeverity.Warning, reservation.Source, reservation.Vm, Message(reservation, why)));
            }
        }

        return problems;
    }

    private async Task<string?> WhyStrayAsync(Reservation reservation, CancellationToken cancellationToken)
    {
        var run = RunId.TryParse(reservation.Holder, out var id) ? await runs.FindAsync(id, cancellationToken) : null;
        if (run is not null && !run.Status.IsEnd())
        {
            return null;
        }

        // A run gives back what it holds before it ends: what was read before that is not held any more.
        var now = await ledger.FindAsync(reservation.Vm, cancellationToken);
        return now is null || !string.Equals(now.Holder, reservation.Holder, StringComparison.Ordinal) ? null
            : run is null ? "which is not there any more"
            : $"which has ended ({run.Status.ToString().ToLowerInvariant()})";
    }

    private static string Message(Reservation held, string why) =>
        $"VM {held.Vm} is held since {held.CreatedAt:u} by run {held.Holder}, {why}. Look at the VM on {held.Source} and {held.Destination}: "
        + $"a migration that is at work shows with 'virsh domjobinfo {held.Vm}' on {held.Source} and is ended there with 'virsh domjobabort {held.Vm}'; "
        + "a paused copy beside a running one is destroyed, never resumed.";
}
