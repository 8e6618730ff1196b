using Runbooks.Faults.Simulation;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Model;

/// <summary>What must hold at the end of every simulation, whatever happened in it.</summary>
internal static class Invariants
{
    /// <summary>Everything that is broken; empty when all is well.</summary>
    /// <param name="installation">At rest, with everything mended.</param>
    /// <param name="vms">All VMs.</param>
    /// <param name="harmed">Those that were stopped or removed from outside.</param>
    public static async Task<IReadOnlyList<string>> BrokenAsync(Installation installation, IReadOnlyList<VmName> vms, IReadOnlySet<VmName> harmed)
    {
        var runs = await installation.Kept.ListAsync(new RunFilter { Limit = RunFilter.HighestLimit }, CancellationToken.None);
        var attention = runs.Where(r => !r.Status.IsEnd()).ToArray();
        return
        [
            .. installation.Fleet.Violations,
            .. installation.Pad.Violations,
            .. vms.SelectMany(vm => Vm(installation, vm, harmed.Contains(vm), attention)),
            .. await LeftOversAsync(installation, attention),
            .. Needless(attention, harmed),
            .. await RunsAsync(installation, runs),
        ];
    }

    /// <summary>A VM runs on exactly one host, and no other host holds anything of it.</summary>
    private static IEnumerable<string> Vm(Installation installation, VmName vm, bool isHarmed, Run[] attention)
    {
        var copies = installation.Fleet.CopiesOf(vm);
        var running = copies.Count(c => c.State == VmState.Running);
        if (running > 1 || (!isHarmed && !IsTold(vm, attention) && (running != 1 || copies.Count != 1)))
        {
            yield return $"VM {vm} should run once and leave nothing elsewhere: {(copies.Count == 0 ? "nowhere" : string.Join(", ", copies.Select(c => $"{c.State} ({c.Reason}) on {c.Host}")))}";
        }
    }

    /// <summary>A run that waits for a person is about this VM.</summary>
    private static bool IsTold(VmName vm, Run[] attention) =>
        attention.Any(r => r.Reason?.Contains(vm.Value, StringComparison.Ordinal) == true || r.Input["Vm"]?.GetValue<string>() == vm.Value);

    private static async Task<IEnumerable<string>> LeftOversAsync(Installation installation, Run[] attention)
    {
        var holders = attention.Select(r => r.Id.ToString()).ToHashSet(StringComparer.Ordinal);
        var reservations = await installation.Ledger.ListAsync(CancellationToken.None);
        var modes = await installation.Modes.ListAsync(CancellationToken.None);
        var turns = await installation.Turns.ListAsync(CancellationToken.None);
        return
        [
            .. turns.Where(t => t.GrantedAt is not null && !holders.Contains(t.Wish.Holder)).Select(t => $"left over: {t}"),
            .. reservations.Where(r => !holders.Contains(r.Holder)).Select(r => $"left over: {r}"),
            .. modes.Where(m => !holders.Contains(m.Holder)).Select(m => $"left over: {m}"),
            .. installation.Fleet.MigratingVms.Where(vm => !IsTold(vm, attention)).Select(vm => $"VM {vm} is still being migrated"),
        ];
    }

    /// <summary>With everything mended, a person is needed only where something outside has harmed a VM.</summary>
    private static IEnumerable<string> Needless(Run[] attention, IReadOnlySet<VmName> harmed) =>
        harmed.Count > 0
            ? []
            : attention.Select(r => $"run of {r.DefinitionId} is {r.Status} although everything works again: {r.Reason}");

    private static async Task<IEnumerable<string>> RunsAsync(Installation installation, IReadOnlyList<Run> runs)
    {
        var broken = new List<string>();
        foreach (var run in runs)
        {
            var steps = await installation.Kept.ExecutionsAsync(run.Id, CancellationToken.None);
            var journal = await installation.Kept.JournalAsync(run.Id, 0, int.MaxValue, CancellationToken.None);
            var parent = run.ParentRunId is { } id ? await installation.Kept.JournalAsync(id, 0, int.MaxValue, CancellationToken.None) : [];
            string[] problems = [.. JournalRules.Broken(run, steps, journal), .. JournalRules.BrokenByParent(run, journal, parent), .. Stamps(installation, run, steps)];
            broken.AddRange(problems.Select(p => $"run {installation.Recording.NumberOf(run.Id)} ({run.DefinitionId}): {p}"));
        }

        return broken;
    }

    /// <summary>What a run says of its stamps is what is on the pad.</summary>
    private static IEnumerable<string> Stamps(Installation installation, Run run, IReadOnlyList<ActivityExecution> steps)
    {
        if (!run.Status.IsEnd())
        {
            yield break;
        }

        foreach (var step in steps.Where(s => s.ActivityType is "Simulation.Stamp" or "Simulation.Brand"))
        {
            var expected = step.Effect == EffectState.Done && step.Undo is not UndoState.Undone;
            var found = installation.Pad.Has($"{run.Id}/{step.Number}");
            if (expected != found)
            {
                yield return $"step {step.Number} ({step.ActivityId}, {step.Status}, effect {step.Effect}, undo {step.Undo}) {(found ? "left its stamp" : "has no stamp")}";
            }
        }
    }
}
