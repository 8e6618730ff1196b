using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Activities.Migration;

/// <summary>The turn of one migration: how it is wished for, given back, and taken from runs that are gone.</summary>
internal static class MigrationTurn
{
    /// <summary>Kept for a run that is just about to wait; later it would only make one ask that has no reason to.</summary>
    private static readonly TimeSpan KeepCallFor = TimeSpan.FromMinutes(1);

    /// <summary>What wakes a run that waits for the turn of a VM.</summary>
    public static string Key(string run, VmName vm) => $"turn:{run}/{vm}";

    /// <summary>The links between two hosts of which the capacity is known.</summary>
    public static IReadOnlyList<PathLink> Path(HostEntry source, HostEntry destination)
    {
        var links = new List<PathLink>();
        if (source.NetworkMiBs is { } sends)
        {
            links.Add(new PathLink($"out of {source.Name}", sends));
        }

        if (destination.NetworkMiBs is { } receives)
        {
            links.Add(new PathLink($"into {destination.Name}", receives));
        }

        foreach (var shared in new[] { source.Link, destination.Link }.OfType<PathLink>().DistinctBy(l => l.Name, StringComparer.Ordinal))
        {
            links.Add(shared);
        }

        return links;
    }

    /// <summary>
    /// Gives the turn of this run back, or its wish for one, and calls those whose turn it is now. A call that is lost costs
    /// them a pause: they ask again by themselves.
    /// </summary>
    public static async Task<string> ReleaseAsync(EffectContext context, VmName vm) => await ReleaseAsync(context, vm, context.RunId.ToString());

    /// <summary>
    /// Takes turns from runs that have ended without giving them back, and from those that wait for a person: nobody knows for
    /// how long. True when there is one less in the way.
    /// </summary>
    public static async Task<bool> TakeFromTheGoneAsync(EffectContext context, IReadOnlyList<Turn> inTheWay)
    {
        if (context.Services.GetService(typeof(IRunStore)) is not IRunStore runs)
        {
            return false;
        }

        var taken = false;
        foreach (var turn in inTheWay)
        {
            if (RunId.TryParse(turn.Wish.Holder, out var id)
                && (await runs.FindAsync(id, context.CancellationToken))?.Status is var status
                && (status is null or RunStatus.NeedsAttention || status.Value.IsEnd()))
            {
                _ = await ReleaseAsync(context, turn.Wish.Vm, turn.Wish.Holder);
                taken = true;
            }
        }

        return taken;
    }

    private static async Task<string> ReleaseAsync(EffectContext context, VmName vm, string holder)
    {
        var next = await context.GetRequiredService<IMigrationTurns>().ReleaseAsync(vm, holder, context.CancellationToken);
        await CallAsync(context, next, $"{holder}/{vm}");
        return next.Count == 0 ? "Its turn is given back." : $"Its turn is given back; {string.Join(", ", next.Select(t => t.Wish.Vm))} may go now.";
    }

    /// <summary>Calls the runs whose turn it is.</summary>
    /// <param name="context">The step that calls.</param>
    /// <param name="next">The turns that may be had.</param>
    /// <param name="why">What has happened, once: it makes the call one of its own.</param>
    public static async Task CallAsync(EffectContext context, IReadOnlyList<Turn> next, string why)
    {
        if (context.Services.GetService(typeof(IEventPublisher)) is IEventPublisher events)
        {
            foreach (var turn in next.Where(t => !string.Equals(t.Wish.Holder, context.RunId.ToString(), StringComparison.Ordinal)))
            {
                var call = new WorkflowEvent($"turn:{turn.Wish.Holder}/{turn.Wish.Vm}:{why}", Key(turn.Wish.Holder, turn.Wish.Vm), null, $"run:{context.RunId}")
                {
                    RunId = RunId.TryParse(turn.Wish.Holder, out var run) ? run : null,
                    KeepFor = KeepCallFor,
                };
                _ = await events.PublishAsync(call, context.CancellationToken);
            }
        }
    }
}
