using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Observation;

/// <summary>A VM as one host knows it.</summary>
/// <param name="Host">The host.</param>
/// <param name="Vm">What it says.</param>
/// <param name="Fresh">False when the host did not answer this time and this is what it said last.</param>
internal sealed record VmCopy(HostName Host, VmObservation Vm, bool Fresh)
{
    public bool Runs => Fresh && Vm.State == VmState.Running;

    public override string ToString() => $"{Vm.State} ({Vm.StateReason}) on {Host}{(Fresh ? string.Empty : ", which does not answer now")}";
}

/// <summary>Decides which of several copies of a VM is the VM, and says what the others mean.</summary>
internal static class VmCopies
{
    /// <summary>The reason of a copy that stopped because its host was switched off.</summary>
    public const string HostIsOff = "host is off";

    /// <param name="copies">What each host says of it; at least one.</param>
    /// <param name="reservation">The reservation of this VM: while it is held, a second copy is a move at work and no problem.</param>
    /// <param name="problems">Where what is wrong is added.</param>
    public static VmCopy Resolve(IReadOnlyList<VmCopy> copies, Reservation? reservation, List<FleetProblem> problems)
    {
        var best = copies
            .OrderBy(Rank)
            .ThenBy(c => reservation is not null && c.Host == reservation.Source ? 0 : 1)
            .ThenBy(c => c.Host)
            .First();
        if (Judge(copies, best, reservation) is var (severity, message))
        {
            problems.Add(new FleetProblem(severity, best.Host, best.Vm.Name, message));
        }

        return best;
    }

    /// <summary>What runs comes first; what was only seen to run before its host fell silent comes second, for it may run still.</summary>
    private static int Rank(VmCopy copy) => (copy.Vm.State, copy.Fresh) switch
    {
        (VmState.Running, true) => 0,
        (VmState.Running, false) => 1,
        (VmState.Paused, _) => 2,
        (VmState.Crashed, _) => 3,
        (VmState.Unknown, _) => 4,
        _ => 5,
    };

    /// <summary>How to see and to end a migration that nobody leads.</summary>
    private static string Job(VmCopy copy) =>
        $"A migration that is at work shows with 'virsh domjobinfo {copy.Vm.Name}' on its source; wait for it, or end it there with 'virsh domjobabort {copy.Vm.Name}'.";

    private static (ProblemSeverity Severity, string Message)? Judge(IReadOnlyList<VmCopy> copies, VmCopy best, Reservation? reservation)
    {
        var vm = best.Vm.Name;
        var all = string.Join("; ", copies.OrderBy(c => c.Host));
        if (copies.Count(c => c.Runs) > 1)
        {
            return (ProblemSeverity.Alarm, $"VM {vm} runs more than once: {all}. Its disk is being corrupted: stop the copy that must not be.");
        }

        if (copies.Select(c => c.Vm.Uuid).Distinct().Count() > 1)
        {
            return (ProblemSeverity.Warning, $"Different VMs share the name {vm}: {all}. Rename one of them.");
        }

        if (reservation is not null)
        {
            return null;
        }

        if (copies.Any(c => !c.Fresh && c != best && c.Vm.State == VmState.Running))
        {
            return (ProblemSeverity.Warning, $"VM {vm} may run more than once: {all}. Reach the silent host, or switch it off.");
        }

        if (copies.Any(c => c.Vm is { State: VmState.Paused, StateReason: "migrating" }))
        {
            return best.Runs
                ? (ProblemSeverity.Warning, $"VM {vm} has a paused twin: {all}. No run moves it. {Job(best)} If none is at work, destroy the paused copy and never resume it.")
                : (ProblemSeverity.Warning, $"VM {vm} stands still in a migration that no run leads: {all}. {Job(best)} Look at both hosts before you resume it.");
        }

        if (copies.FirstOrDefault(c => c.Vm.StateReason.StartsWith("post-copy", StringComparison.Ordinal)) is not null)
        {
            return (ProblemSeverity.Warning, $"VM {vm} is in a post-copy migration that no run leads: {all}. Its memory is on both hosts: end and resume neither copy. If it says 'failed', repeat the migration with 'virsh migrate --postcopy-resume' on its source.");
        }

        // Of a host that is off only its past is known: what was seen on it may have been removed before it went off.
        return copies.Count(c => c == best || (c.Fresh && c.Vm.StateReason != HostIsOff)) > 1
            ? (ProblemSeverity.Notice, $"VM {vm} is known to {copies.Count} hosts: {all}. Remove the definitions that it has left behind.")
            : null;
    }
}
