using System.Text.Json.Nodes;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Conversion;

/// <summary>Brings the files of a VM that is off to its destination, one after the other. The originals stay.</summary>
[Activity("Runbooks", "Runbooks: Conversion", "Copies the disks and the kernel of a stopped VM to its destination, converts images that it can't use, and checks that what arrived is what was sent. Undone, only these copies are removed.", DisplayName = "Copy files")]
public sealed class CopyFiles : ChangeActivity
{
    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it is on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it goes to.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "What was planned.", Required = true)]
    public Input<string> Plan { get; } = new();

    [Output(Description = "What has this on it was brought by this step: it marks the copies until the source is retired.")]
    public Output<string> CopyId { get; } = new();

    protected override Task<EffectResult> PerformAsync(EffectContext context) => CopyAsync(context, isJoined: false);

    protected override Task<EffectResult> JoinAsync(EffectContext context) => CopyAsync(context, isJoined: true);

    private async Task<EffectResult> CopyAsync(EffectContext context, bool isJoined)
    {
        var (place, plan, problem) = Read(context);
        if (place is null)
        {
            return new EffectResult.Failed(problem!);
        }

        // Only what stands still is copied, and only a source that nobody can start stands still for sure.
        var (hold, seen) = (await place.ReadHoldAsync(context), await place.LookAtSourceAsync(context));
        if (!hold.IsOk || !seen.IsOk)
        {
            var unseen = $"VM {place.Vm} can't be seen on {place.Source.Host}. {hold.Fault ?? seen.Fault}";
            return isJoined ? new EffectResult.Unknown(unseen) : new EffectResult.Failed(unseen);
        }

        var copying = new FileCopying(context, place, CopyIdOf(context));
        if (hold.Value.Hold != Hold.Held || !ConversionPlace.IsOff(seen))
        {
            return await copying.GiveUpAsync(plan!, $"VM {place.Vm} is {ConversionPlace.Tell(seen)} on {place.Source.Host}, and its definition is {hold.Value.Hold}: it is copied only while this run holds it. Put 'Hold source' before this step.");
        }

        foreach (var (file, index) in plan!.Files.Select((f, i) => (f, i)))
        {
            var result = file.Way switch
            {
                FileWay.Copy => await copying.BringAsync(plan, file, index),
                FileWay.Shared => await copying.ProveSharedAsync(plan, file),
                _ => null,
            };
            if (result is not null)
            {
                return result;
            }
        }

        return new EffectResult.Done(new JsonObject { [nameof(CopyId)] = CopyIdOf(context) });
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (place, plan, problem) = Read(context);
        if (place is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        // What is there stays there: going on costs only what is missing.
        var (arrived, isBegun) = (0, false);
        var copies = plan!.Files.Select((f, i) => (File: f, Copy: place.CopyOf(CopyIdOf(context), i, f))).Where(c => c.File.Way == FileWay.Copy).ToArray();
        foreach (var (_, copy) in copies)
        {
            var sight = await place.ToDisks.LookForCopyAsync(copy, context.CancellationToken);
            if (!sight.IsOk)
            {
                return new Reconciliation.Unknown($"{sight.Fault}");
            }

            // What has sent nothing yet is known to its source alone.
            var work = sight.Value.State == ArrivedCopy.None ? await place.FromDisks.ObserveCopyAsync(copy, context.CancellationToken) : null;
            if (work is { IsOk: false })
            {
                return new Reconciliation.Unknown($"{work.Fault}");
            }

            arrived += sight.Value.State == ArrivedCopy.Whole ? 1 : 0;
            isBegun |= sight.Value.State is ArrivedCopy.Whole or ArrivedCopy.Part || work?.Value.IsRunning == true;
        }

        return copies.Length > 0 && !isBegun ? new Reconciliation.NotDone("No file was begun.")
            : arrived == copies.Length && plan.Files.All(f => f.Way != FileWay.Shared)
            ? new Reconciliation.Done(new JsonObject { [nameof(CopyId)] = CopyIdOf(context) })
            : new Reconciliation.InProgress($"{arrived} of {copies.Length} files have arrived.");
    }

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        var (place, plan, problem) = Read(context);
        if (place is null)
        {
            return new UndoResult.Undone($"Nothing was copied. {problem}");
        }

        var there = await place.LookAtDestinationAsync(context);
        if (there.IsOk)
        {
            var hold = await place.ReadHoldAsync(context);
            return hold is { IsOk: true, Value.Hold: Hold.Gone }
                ? new UndoResult.Undone($"VM {place.Vm} lives on {place.Destination.Host} now; its files stay.")
                : new UndoResult.Failed($"VM {place.Vm} is still defined on {place.Destination.Host} ({ConversionPlace.Tell(there)}), so its files there stay.");
        }

        return there.Fault.Kind != FaultKind.NotFound
            ? new UndoResult.Failed($"The copies on {place.Destination.Host} could not be removed. {there.Fault}")
            : await new FileCopying(context, place, CopyIdOf(context)).RemoveAsync(plan!, forGood: true) is { } left
            ? new UndoResult.Failed(left)
            : new UndoResult.Undone($"Removed what was copied to {place.Destination.Host}.");
    }

    private (ConversionPlace? Place, ConversionPlan? Plan, string? Problem) Read(EffectContext context)
    {
        var (place, problem) = ConversionPlace.Read(context, Vm, Source, Destination);
        return place is null ? (null, null, problem)
            : ConversionPlan.Read(context.Get(Plan)) is { } plan ? (place, plan, null)
            : (null, null, "There is no plan: put 'Check conversion' before this step.");
    }

    /// <summary>The same for whoever goes on with this step, and nobody else's.</summary>
    private static string CopyIdOf(EffectContext context) => $"{context.RunId}-{context.StepNumber}";
}
