using System.Text.Json.Nodes;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Conversion;

/// <summary>The copies of one step, one at a time. Null from a method means that it has gone well.</summary>
internal sealed class FileCopying(EffectContext context, ConversionPlace place, string id)
{
    /// <summary>A copy whose connection is lost is begun anew so often; what is wrong otherwise does not get better.</summary>
    private const int Tries = 3;

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    public async Task<EffectResult?> BringAsync(ConversionPlan plan, PlannedFile file, int index)
    {
        var copy = place.CopyOf(id, index, file);
        string? problem = null;
        for (var started = 0; ;)
        {
            if (context.CancelRequested.IsCancellationRequested)
            {
                return await GiveUpAsync(plan, "The run was cancelled.");
            }

            // The order matters: a copy that ends between the two shows its result.
            var work = await place.FromDisks.ObserveCopyAsync(copy, context.CancellationToken);
            var arrived = await place.ToDisks.LookForCopyAsync(copy, context.CancellationToken);
            if (!work.IsOk || !arrived.IsOk)
            {
                return new EffectResult.Unknown($"{work.Fault ?? arrived.Fault}");
            }

            switch (arrived.Value.State)
            {
                case ArrivedCopy.Whole:
                    return null;
                case ArrivedCopy.OtherFile:
                    return await GiveUpAsync(plan, $"There is another file '{file.To}' on {place.Destination.Host}, which was not there before: remove it, or choose another folder.");
            }

            problem = work.Value.Problem ?? problem;
            if (work.Value.IsRunning)
            {
                await context.ReportProgressAsync(new JsonObject { ["stage"] = "copy", ["file"] = file.From, ["bytes"] = arrived.Value.Bytes, ["of"] = file.Bytes });
                await Task.Delay(Poll, context.Clock, context.CancellationToken);
            }
            else if (started < Tries)
            {
                started++;
                await context.EnsureOwnedAsync();
                var asked = await place.FromDisks.StartCopyAsync(copy, context.CancellationToken);
                if (!asked.IsOk)
                {
                    return asked.Fault.NothingChanged && asked.Fault.Kind != FaultKind.Unreachable ? await GiveUpAsync(plan, $"{asked.Fault}") : new EffectResult.Unknown($"{asked.Fault}");
                }
            }
            else
            {
                return await GiveUpAsync(plan, $"'{file.From}' could not be copied to '{file.To}' on {place.Destination.Host} in {Tries} tries: {problem ?? "each ended without a word"}");
            }
        }
    }

    /// <summary>
    /// What looks the same on two hosts may be two files: hosts that were made from one image have files of one number and time.
    /// A mark that one sets and the other sees is proof.
    /// </summary>
    public async Task<EffectResult?> ProveSharedAsync(ConversionPlan plan, PlannedFile file)
    {
        await context.EnsureOwnedAsync();
        var marked = await place.FromDisks.MarkFolderAsync(file.From, id, isMarked: true, context.CancellationToken);
        if (!marked.IsOk)
        {
            return new EffectResult.Unknown($"{marked.Fault}");
        }

        var seen = await place.ToDisks.SeesMarkAsync(file.To, id, context.CancellationToken);
        var cleared = await place.FromDisks.MarkFolderAsync(file.From, id, isMarked: false, context.CancellationToken);
        return !seen.IsOk || !cleared.IsOk ? new EffectResult.Unknown($"{seen.Fault ?? cleared.Fault}")
            : seen.Value ? null
            : await GiveUpAsync(plan, $"'{file.From}' looks the same on {place.Source.Host} and {place.Destination.Host}, but they do not share its folder: there is another file on {place.Destination.Host}. Remove that, or choose another folder (Folder).");
    }

    /// <summary>Removes everything that this step has brought; when that can't be done, nobody may believe that it is gone.</summary>
    public async Task<EffectResult> GiveUpAsync(ConversionPlan plan, string reason) =>
        await RemoveAsync(plan, forGood: false) is { } left ? new EffectResult.Unknown($"{reason} {left}") : new EffectResult.Failed(reason);

    /// <summary>Null when nothing of the copies is left on either host; else what is.</summary>
    public async Task<string?> RemoveAsync(ConversionPlan plan, bool forGood)
    {
        foreach (var (file, index) in plan.Files.Select((f, i) => (f, i)).Where(f => f.f.Way != FileWay.SameThere))
        {
            var copy = place.CopyOf(id, index, file);
            await context.EnsureOwnedAsync();

            // First the one who sends: what is removed under his hands comes again.
            var removed = file.Way == FileWay.Shared
                ? await place.FromDisks.MarkFolderAsync(file.From, id, isMarked: false, context.CancellationToken)
                : await place.FromDisks.EndCopyAsync(copy, forGood, context.CancellationToken) is { IsOk: false } running
                ? running
                : await place.ToDisks.RemoveCopyAsync(copy, context.CancellationToken);
            if (!removed.IsOk)
            {
                return $"What was copied of '{file.From}' could not be removed from {place.Destination.Host}. {removed.Fault}";
            }
        }

        return null;
    }
}
