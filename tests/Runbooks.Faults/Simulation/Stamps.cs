using System.Globalization;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Journal;

namespace Runbooks.Faults.Simulation;

/// <summary>A world of stamps, each of which may be set once, and which notices everything that an engine must not do.</summary>
internal sealed class StampPad(RecordingStore store)
{
    private readonly Dictionary<string, string> standing = new(StringComparer.Ordinal);
    private readonly HashSet<string> undone = new(StringComparer.Ordinal);

    /// <summary>Keys of what stands, with the run that set it.</summary>
    public IReadOnlyDictionary<string, string> Standing => standing;

    public List<string> Violations { get; } = [];

    public bool Has(string key) => standing.ContainsKey(key);

    public void Set(string key, RunClaim claim)
    {
        Check(claim, "set", key);
        if (!standing.TryAdd(key, claim.RunId.ToString()) || undone.Contains(key))
        {
            Violations.Add($"Stamp {key} of run {store.NumberOf(claim.RunId)} was set twice.");
        }
    }

    public bool Remove(string key, RunClaim claim)
    {
        Check(claim, "removed", key);
        _ = undone.Add(key);
        return standing.Remove(key);
    }

    private void Check(RunClaim claim, string what, string key)
    {
        if (!store.IsLatest(claim))
        {
            Violations.Add($"Stamp {key} of run {store.NumberOf(claim.RunId)} was {what} by {claim.Worker} under generation {claim.Generation}, after a later claim.");
        }
    }
}

/// <summary>Sets a stamp after some time, and takes some time afterwards.</summary>
[Activity("Simulation", "Simulation", "Sets a stamp.")]
public sealed class Stamp : ChangeActivity
{
    [Input(Description = "Before and after, each.", DefaultValue = "00:00:01")]
    public Input<TimeSpan> Takes { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        await Task.Delay(context.Get(Takes), context.Clock, context.CancellationToken);
        if (context.CancelRequested.IsCancellationRequested)
        {
            return new EffectResult.Failed("Cancelled before the stamp was set.");
        }

        await context.EnsureOwnedAsync();
        context.GetRequiredService<StampPad>().Set(StampKey.Of(context), context.Claim);
        await Task.Delay(context.Get(Takes), context.Clock, context.CancellationToken);
        return new EffectResult.Done();
    }

    protected override Task<Reconciliation> ReconcileAsync(EffectContext context) => StampKey.ReconcileAsync(context);

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        await Task.Delay(context.Get(Takes), context.Clock, context.CancellationToken);
        await context.EnsureOwnedAsync();
        return new UndoResult.Undone(context.GetRequiredService<StampPad>().Remove(StampKey.Of(context), context.Claim) ? "Removed." : "It was gone already.");
    }
}

/// <summary>Sets a stamp for good.</summary>
[Activity("Simulation", "Simulation", "Sets a stamp for good.")]
public sealed class Brand : IrreversibleActivity
{
    public override string NoUndoReason => "A brand stays.";

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        await Task.Delay(TimeSpan.FromSeconds(1), context.Clock, context.CancellationToken);
        await context.EnsureOwnedAsync();
        context.GetRequiredService<StampPad>().Set(StampKey.Of(context), context.Claim);
        return new EffectResult.Done();
    }

    protected override Task<Reconciliation> ReconcileAsync(EffectContext context) => StampKey.ReconcileAsync(context);
}

/// <summary>Looks how many stamps stand.</summary>
[Activity("Simulation", "Simulation", "Counts stamps.")]
public sealed class CountStamps : ReadActivity
{
    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(100), context.Clock, context.CancellationToken);
        return new EffectResult.Done();
    }
}

internal static class StampKey
{
    public static string Of(EffectContext context) => string.Create(CultureInfo.InvariantCulture, $"{context.RunId}/{context.StepNumber}");

    public static Task<Reconciliation> ReconcileAsync(EffectContext context) => Task.FromResult<Reconciliation>(
        context.GetRequiredService<StampPad>().Has(Of(context)) ? new Reconciliation.Done() : new Reconciliation.NotDone("There is no such stamp."));
}
