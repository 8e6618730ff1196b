using System.Globalization;
using System.Text.Json.Nodes;
using Runbooks.Fleet.Migrations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>
/// Watches a copy until a stop condition holds, the job has ended, or nobody can tell; and takes the operator's measures when
/// it does not converge. What it remembers is for comfort only: after a crash another one reads the job and goes on.
/// </summary>
internal sealed class PreCopyWatch(EffectContext context, MigrationRoute route, PreCopyPlan plan)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MostPatience = TimeSpan.FromMinutes(1);

    /// <summary>How long a guest that is slowed down may take to get slower before the next measure.</summary>
    private static readonly TimeSpan ThrottlePatience = TimeSpan.FromSeconds(30);

    private readonly IHypervisor source = context.GetRequiredService<IHypervisorDirectory>().Hypervisor(route.Source);
    private readonly MigrationPace pace = new(context);
    private readonly MigrationShare share = new(context, route);
    private readonly List<string> notes = [];
    private ConvergencePolicy policy = plan.Policy;
    private Stillness? stillness;
    private StopReason? stopped;
    private DateTimeOffset? stepAt;
    private (int Percent, DateTimeOffset Since)? throttle;
    private bool postCopyRefused;
    private bool standsStill = plan.Mode == MigrationMode.Stopped;

    public static JsonObject SwitchedOver(int downtimeMs) => Outputs("SwitchedOver", null, downtimeMs, string.Empty);

    public async Task<EffectResult> RunAsync()
    {
        for (var settling = 0; ;)
        {
            var place = await route.LookAsync(context, context.CancellationToken);
            var wait = Poll;
            switch (place)
            {
                case MigrationPlace.InFlight { Progress: var progress }:
                    if (await SeeAsync(progress) is { } result)
                    {
                        return result;
                    }

                    settling = 0;
                    wait = MigrationPace.Until(progress);
                    break;
                case MigrationPlace.Moved:
                    return Ends(stopped?.ToString() ?? "SwitchedOver", null);
                case MigrationPlace.NotMoved:
                    MigrationRecording.Note(context, route, MigrationOutcome.NotMoved);
                    return new EffectResult.Failed($"The migration of {route.Vm} ended without moving it; it goes on on {route.Source}. The logs of libvirtd on {route.Source} and {route.Destination} say why.");
                default:
                    if (await MigrationEnding.SettleAsync(context, route, place, ++settling) is { } ended)
                    {
                        // There is nothing left to copy; the next stage says which host is to be fenced.
                        return MigrationEnding.OrFence(ended, place, plan.WhenHostIsLost) is EffectResult.Done ? Ends(MigrationEnding.HostLost, null) : ended;
                    }

                    break;
            }

            await Task.Delay(wait, context.Clock, context.CancellationToken);
        }
    }

    /// <summary>What a job that is under way means for this stage; null: it goes on.</summary>
    private async Task<EffectResult?> SeeAsync(MigrationProgress progress)
    {
        if (progress.Phase is MigrationPhase.PostCopy or MigrationPhase.PostCopyFailed)
        {
            return Ends("PostCopy", progress);
        }

        if (context.CancelRequested.IsCancellationRequested)
        {
            return await MigrationEnding.CancelAndNoteAsync(context, route);
        }

        var sight = MigrationJson.Sight(progress);
        await TellAsync(progress, sight);
        var now = context.Clock.GetUtcNow();
        stillness = Stillness.Seen(stillness, progress.SentBytes, now);
        if (stillness.For(now) >= plan.Conditions.NoProgressFor)
        {
            return await GiveUpAsync(StopReason.NoProgress, progress);
        }

        if (progress.Phase == MigrationPhase.StopAndCopy)
        {
            // A guest that is to stand still during the copy does so for long; there is nothing to be decided any more.
            return standsStill ? null : Ends(stopped?.ToString() ?? "SwitchedOver", progress);
        }

        // Before memory is on its way the job is still being prepared and can't be switched.
        if (!postCopyRefused && progress.SentBytes > 0 && (plan.Mode == MigrationMode.PostCopy || (plan.Mode == MigrationMode.Hybrid && progress.Round > 1)))
        {
            return await SwitchToPostCopyAsync();
        }

        var reason = plan.Conditions.Judge(sight, TimeSpan.Zero);
        if (reason == StopReason.DirtyPages && plan.Request.HoldSwitchOver)
        {
            return Ends(stopped?.ToString() ?? nameof(StopReason.DirtyPages), progress);
        }

        // Without a hold, few dirty pages are the hypervisor's business: it stops the guest by itself.
        stopped ??= reason == StopReason.DirtyPages ? null : reason;
        if (stopped is null)
        {
            // Once measures are taken the bandwidth is one of them.
            await share.ApplyAsync(progress);
        }

        return stopped is { } why ? await MeasureAsync(why, progress, now) : null;
    }

    /// <summary>Takes the next measure when the one before has had its time.</summary>
    private async Task<EffectResult?> MeasureAsync(StopReason reason, MigrationProgress progress, DateTimeOffset now)
    {
        if (throttle is null || throttle.Value.Percent != progress.ThrottlePercent)
        {
            throttle = (progress.ThrottlePercent, now);
        }

        if (stepAt is { } last && now - last < Patience(progress))
        {
            return null;
        }

        stepAt = now;
        var settings = new JobSettings(progress.AllowedDowntime, progress.BandwidthLimitMiBs, progress.ThrottlePercent);
        switch (policy.Next(settings, now - throttle.Value.Since, ThrottlePatience))
        {
            case ConvergenceStep.SetDowntime { Downtime: var downtime }:
                await TakeAsync(ConvergenceMeasure.RaiseDowntime, string.Create(CultureInfo.InvariantCulture, $"The guest may stand still for {downtime.TotalMilliseconds:0} ms."), ct => source.ReleaseSwitchOverAsync(route.Vm, downtime, ct));
                return null;
            case ConvergenceStep.SetBandwidth { MiBs: var bandwidth }:
                await TakeAsync(ConvergenceMeasure.MoreBandwidth, $"The copy may take {bandwidth} MiB/s.", ct => source.SetMigrationBandwidthAsync(route.Vm, bandwidth, ct));
                return null;
            case ConvergenceStep.Wait { What: var what }:
                Note(what);
                return null;
            case ConvergenceStep.SwitchToPostCopy:
                return await SwitchToPostCopyAsync();
            case ConvergenceStep.Suspend:
                standsStill = await TakeAsync(ConvergenceMeasure.Suspend, "The guest stands still until the copy has ended.", ct => source.SuspendAsync(route.Vm, ct));
                return null;
            default:
                return await GiveUpAsync(reason, progress);
        }
    }

    private async Task<EffectResult?> SwitchToPostCopyAsync()
    {
        _ = await TakeAsync(ConvergenceMeasure.PostCopy, "The guest goes on at the destination and its memory follows.", ct => source.SwitchToPostCopyAsync(route.Vm, ct));
        return null;
    }

    /// <summary>Takes a measure; one that is refused for certain is not tried again.</summary>
    private async Task<bool> TakeAsync(ConvergenceMeasure measure, string sentence, Func<CancellationToken, Task<Result<Unit>>> take)
    {
        await context.EnsureOwnedAsync();
        var taken = await take(context.CancellationToken);
        if (taken.IsOk)
        {
            Note(sentence);
            return true;
        }

        if (taken.Fault.Kind is FaultKind.Refused or FaultKind.Unsupported)
        {
            Note($"{measure} is left out: {taken.Fault.Message}");
            postCopyRefused |= measure == ConvergenceMeasure.PostCopy;
            policy = policy with { Measures = [.. policy.Measures.Where(m => m != measure)] };
        }

        return false;
    }

    /// <summary>Ends the copy; the VM goes on at the source.</summary>
    private async Task<EffectResult> GiveUpAsync(StopReason reason, MigrationProgress progress)
    {
        var ended = await MigrationEnding.CancelAsync(context, route);
        if (ended is EffectResult.Failed && await route.LookAsync(context, context.CancellationToken) is MigrationPlace.Moved)
        {
            // It switched over before it could be ended: then it did converge.
            return Ends(reason.ToString(), progress);
        }

        if (ended is not EffectResult.Failed)
        {
            return ended;
        }

        MigrationRecording.Note(context, route, reason == StopReason.NoProgress ? MigrationOutcome.NotMoved : MigrationOutcome.DidNotConverge);
        return new EffectResult.Failed($"{Why(reason, progress)} {Told()} {route.Vm} goes on on {route.Source}.".Replace("  ", " ", StringComparison.Ordinal));
    }

    private string Why(StopReason reason, MigrationProgress progress)
    {
        string MiB(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0} MiB");
        return reason == StopReason.NoProgress
            ? $"Nothing of {route.Vm} has been sent for {plan.Conditions.NoProgressFor.TotalSeconds:0} s, so the copy was ended: the way from {route.Source} to {route.Destination} is cut or blocked."
            : $"The copy of {route.Vm} did not converge and was ended by {reason}: {progress.Round} rounds, {MiB(progress.SentBytes)} of {MiB(progress.TotalBytes)} sent, {MiB(progress.RemainingBytes)} left; it writes {MiB(progress.DirtyBytesPerSecond)}/s and {MiB(progress.BandwidthBytesPerSecond)}/s are sent.";
    }

    private string Told() => string.Join(' ', plan.Skipped.Concat(notes));

    private void Note(string sentence)
    {
        if (!notes.Contains(sentence, StringComparer.Ordinal))
        {
            notes.Add(sentence);
        }
    }

    private async Task TellAsync(MigrationProgress progress, CopySight sight)
    {
        var outlook = progress.Phase == MigrationPhase.StopAndCopy
            ? CopyOutlook.OfRest(sight)
            : CopyOutlook.OfPreCopy(sight, progress.DirtyBytesPerSecond, plan.Conditions.Threshold(progress.BandwidthBytesPerSecond));
        var json = MigrationJson.Progress("pre-copy", progress, plan.Mode, outlook);
        if (stopped is not null)
        {
            json["stoppedBy"] = stopped.ToString();
            json["measures"] = Told();
        }

        await pace.TellAsync(json);
    }

    /// <summary>A measure shows after a round; a round takes what remains over the bandwidth.</summary>
    private static TimeSpan Patience(MigrationProgress progress)
    {
        var round = TimeSpan.FromSeconds(1.5 * progress.RemainingBytes / Math.Max(1, progress.BandwidthBytesPerSecond));
        return round < LeastPatience ? LeastPatience : round > MostPatience ? MostPatience : round;
    }

    private EffectResult.Done Ends(string stoppedBy, MigrationProgress? progress) =>
        new(Outputs(stoppedBy, progress, (int)Math.Max(plan.Policy.MaxDowntime.TotalMilliseconds, progress?.AllowedDowntime?.TotalMilliseconds ?? 0), stopped is null ? string.Empty : Told()));

    private static JsonObject Outputs(string stoppedBy, MigrationProgress? progress, int downtimeMs, string measures)
    {
        var outputs = new JsonObject
        {
            [nameof(PreCopy.StoppedBy)] = stoppedBy,
            [nameof(PreCopy.DowntimeMs)] = downtimeMs,
            [nameof(PreCopy.Measures)] = measures,
        };
        if (progress is not null)
        {
            outputs[nameof(PreCopy.Rounds)] = progress.Round;
            outputs[nameof(PreCopy.SentBytes)] = progress.SentBytes;
        }

        return outputs;
    }
}
