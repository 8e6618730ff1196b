using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Journal;

namespace Runbooks.Cluster.Worker;

/// <summary>Makes a thing in the world, and takes its time for it. Undone by removing it.</summary>
public abstract class MakeActivity : ChangeActivity
{
    [Input(Required = true)]
    public Input<string> Thing { get; } = new();

    [Input(Description = "How long it takes, in milliseconds.", DefaultValue = 0)]
    public Input<int> Millis { get; } = new();

    [Input(Description = "Whether it fails.", DefaultValue = false)]
    public Input<bool> Fails { get; } = new();

    [Output]
    public Output<string> Result { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Get(Fails))
        {
            return new EffectResult.Failed("It was meant to fail.");
        }

        await ChangeAsync(context, "make");
        return new EffectResult.Done(new JsonObject { [nameof(Result)] = context.Get(Thing) });
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return await World(context).LookAsync(context) == true
            ? new Reconciliation.Done(new JsonObject { [nameof(Result)] = context.Get(Thing) })
            : new Reconciliation.NotDone("There is no such thing.");
    }

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (await World(context).LookAsync(context) == true)
        {
            await ChangeAsync(context, "undo");
            return new UndoResult.Undone("Removed.");
        }

        return new UndoResult.Undone("It was gone already.");
    }

    private static World World(EffectContext context) => context.GetRequiredService<World>();

    private async Task ChangeAsync(EffectContext context, string kind)
    {
        await context.EnsureOwnedAsync();
        var effect = await World(context).BeginAsync(context, context.Get(Thing)!, kind);
        await Task.Delay(TimeSpan.FromMilliseconds(context.Get(Millis)), context.Clock, context.CancellationToken);
        if (effect == 0 || !await World(context).EndAsync(context, effect))
        {
            throw new LeaseLostException(context.Claim);
        }
    }
}

[Activity("Cluster", "Cluster", "Makes a thing in the world.")]
public sealed class Make : MakeActivity;

/// <summary>What only the newest product knows.</summary>
[Activity("Cluster", "Cluster", "Makes a thing in the world, in the newest way.")]
public sealed class MakeNewest : MakeActivity;

/// <summary>Looks for a while. No fence stands before it: only its commit can be refused.</summary>
[Activity("Cluster", "Cluster", "Looks for a while.")]
public sealed class Look : ReadActivity
{
    [Input(Description = "How long it takes, in milliseconds.", DefaultValue = 0)]
    public Input<int> Millis { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        await Task.Delay(TimeSpan.FromMilliseconds(context.Get(Millis)), context.Clock, context.CancellationToken);
        return new EffectResult.Done();
    }
}
