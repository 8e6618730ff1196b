using System.Text.Json.Nodes;
using Runbooks.Fleet.Scaling;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Scaling;

/// <summary>
/// One change of a VM's memory, from wherever it stands to its end. Begun again after a crash it goes on from what it sees.
/// </summary>
/// <param name="context">Of the step.</param>
/// <param name="place">The VM and its host.</param>
/// <param name="from">Memory before, MiB.</param>
/// <param name="to">Memory after, MiB.</param>
/// <param name="anywayBecause">Why memory is taken from a guest that does not tell what it uses.</param>
/// <param name="followsWithin">How long a guest may give nothing back.</param>
internal sealed class MemoryChange(EffectContext context, ScalingPlace place, int from, int to, string? anywayBecause, TimeSpan followsWithin)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    /// <summary>Nobody can cancel an undo.</summary>
    public bool IsUndo { get; init; }

    /// <summary>Done, failed with everything as before, or unknown.</summary>
    public async Task<EffectResult> RunAsync()
    {
        while (true)
        {
            var seen = await place.LookAsync(context);
            if (!seen.IsOk)
            {
                return new EffectResult.Unknown($"{seen.Fault}");
            }

            if (seen.Value.HasMemory(to))
            {
                return new EffectResult.Done();
            }

            if (!IsUndo && context.CancelRequested.IsCancellationRequested)
            {
                return await GiveUpAsync("The run was cancelled.");
            }

            switch (BalloonSteps.Next(place.Vm, from, to, seen.Value.MemoryMiB, seen.Value.MemoryUsedMiB, anywayBecause))
            {
                case BalloonStep.Stop(var reason):
                    return await GiveUpAsync(reason);
                case BalloonStep.Ask(var next):
                    if (await AskAsync(next) is { } ended)
                    {
                        return ended;
                    }

                    break;
                default:
                    // It is there, and only its definition still says otherwise.
                    if (await AskAsync(to) is { } notDefined)
                    {
                        return notDefined;
                    }

                    break;
            }
        }
    }

    /// <summary>Asks for one step and waits until it is there. Null: it is, or the change is to be looked at again.</summary>
    private async Task<EffectResult?> AskAsync(int memoryMiB)
    {
        await context.EnsureOwnedAsync();
        var asked = await place.Sizes.SetMemoryAsync(place.Vm, memoryMiB, context.CancellationToken);
        if (!asked.IsOk)
        {
            var now = await place.LookAsync(context);
            return asked.Fault.NothingChanged && now is { IsOk: true } && now.Value.HasMemory(from)
                ? new EffectResult.Failed($"VM {place.Vm} keeps its {from} MiB. {asked.Fault}")
                : new EffectResult.Unknown($"VM {place.Vm} was to have {memoryMiB} MiB. {asked.Fault}");
        }

        var (least, since) = (int.MaxValue, context.Clock.GetUtcNow());
        while (true)
        {
            var seen = await place.LookAsync(context);
            if (!seen.IsOk)
            {
                return new EffectResult.Unknown($"{seen.Fault}");
            }

            await context.ReportProgressAsync(new JsonObject { ["stage"] = "memory", ["nowMiB"] = seen.Value.MemoryMiB, ["toMiB"] = to, ["usedMiB"] = seen.Value.MemoryUsedMiB });
            var distance = Math.Abs(seen.Value.MemoryMiB - memoryMiB);
            if (distance == 0 || (!IsUndo && context.CancelRequested.IsCancellationRequested))
            {
                return null;
            }

            if (distance < least)
            {
                (least, since) = (distance, context.Clock.GetUtcNow());
            }
            else if (context.Clock.GetUtcNow() - since >= followsWithin)
            {
                return await GiveUpAsync($"The guest of VM {place.Vm} was to have {memoryMiB} MiB, and stays at {seen.Value.MemoryMiB} MiB for {followsWithin}. A guest without a balloon driver, or one that needs its memory, does not follow.");
            }

            await Task.Delay(Poll, context.Clock, context.CancellationToken);
        }
    }

    /// <summary>Gives the VM what it had; failed only when it is seen to have it.</summary>
    private async Task<EffectResult> GiveUpAsync(string reason)
    {
        await context.EnsureOwnedAsync();
        var back = await place.Sizes.SetMemoryAsync(place.Vm, from, context.CancellationToken);
        for (var until = context.Clock.GetUtcNow() + followsWithin; ;)
        {
            var seen = await place.LookAsync(context);
            if (seen is { IsOk: true } && seen.Value.HasMemory(from))
            {
                return new EffectResult.Failed($"{reason} VM {place.Vm} has {from} MiB as before.");
            }

            if ((seen.Fault ?? back.Fault) is { } fault)
            {
                return new EffectResult.Unknown($"{reason} VM {place.Vm} could not be given its {from} MiB again. {fault}");
            }

            if (context.Clock.GetUtcNow() >= until)
            {
                return new EffectResult.Unknown($"{reason} VM {place.Vm} could not be given its {from} MiB again: it has {seen.Value.MemoryMiB} MiB after {followsWithin}.");
            }

            await Task.Delay(Poll, context.Clock, context.CancellationToken);
        }
    }
}
