using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Consolidation;

/// <summary>Keeps VMs from arriving on a host that is being emptied.</summary>
[Activity("Runbooks", "Runbooks: Hosts", "Keeps VMs from arriving on a host while a run empties it.", DisplayName = "Cordon host")]
public sealed class CordonHost : ChangeActivity
{
    [Input(Description = "The host.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Host { get; } = new();

    [Input(Description = "Why, for people.", DefaultValue = "It is being emptied.")]
    public Input<string> Reason { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        if (FleetHost.Read(context, Host, out var host) is { } problem)
        {
            return new EffectResult.Failed(problem);
        }

        await context.EnsureOwnedAsync();
        var wish = new HostModeEntry(host, HostMode.Cordoned, context.RunId.ToString(), context.Get(Reason) ?? "", context.Clock.GetUtcNow());
        var entry = await context.GetRequiredService<IHostModes>().SetAsync(wish, context.CancellationToken);
        return string.Equals(entry.Holder, wish.Holder, StringComparison.Ordinal)
            ? new EffectResult.Done()
            : new EffectResult.Failed($"Host {host} is {entry.Mode.ToString().ToLowerInvariant()} by {entry.Holder} since {entry.SetAt:u}: {entry.Reason} Wait until that is over.");
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        if (FleetHost.Read(context, Host, out var host) is { } problem)
        {
            return new Reconciliation.NotDone(problem);
        }

        var entries = await context.GetRequiredService<IHostModes>().ListAsync(context.CancellationToken);
        return entries.Any(e => e.Host == host && string.Equals(e.Holder, context.RunId.ToString(), StringComparison.Ordinal))
            ? new Reconciliation.Done()
            : new Reconciliation.NotDone("This run has not cordoned the host.");
    }

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        if (FleetHost.Read(context, Host, out var host) is not null)
        {
            return new UndoResult.Undone("Nothing was cordoned.");
        }

        var held = await context.GetRequiredService<IHostModes>().ClearAsync(host, context.RunId.ToString(), context.CancellationToken);
        return new UndoResult.Undone(held ? $"Host {host} takes VMs again." : "It was not cordoned by this run any more.");
    }
}

/// <summary>Lets VMs arrive on a host again that this run has cordoned.</summary>
[Activity("Runbooks", "Runbooks: Hosts", "Ends the cordon that this run has put on a host.", DisplayName = "Uncordon host")]
public sealed class UncordonHost : IrreversibleActivity
{
    public override string NoUndoReason => "A host without a cordon is the normal state; there is nothing to come back to.";

    [Input(Description = "The host.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Host { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        if (FleetHost.Read(context, Host, out var host) is { } problem)
        {
            return new EffectResult.Failed(problem);
        }

        _ = await context.GetRequiredService<IHostModes>().ClearAsync(host, context.RunId.ToString(), context.CancellationToken);
        return new EffectResult.Done();
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        if (FleetHost.Read(context, Host, out var host) is { } problem)
        {
            return new Reconciliation.NotDone(problem);
        }

        var entries = await context.GetRequiredService<IHostModes>().ListAsync(context.CancellationToken);
        return entries.Any(e => e.Host == host && string.Equals(e.Holder, context.RunId.ToString(), StringComparison.Ordinal))
            ? new Reconciliation.NotDone("This run's cordon is still there.")
            : new Reconciliation.Done();
    }
}

/// <summary>Reads the host that an activity is about.</summary>
internal static class FleetHost
{
    /// <summary>Null when all is well; else what is wrong.</summary>
    public static string? Read(EffectContext context, Input<string> input, out HostName host) =>
        Migration.FleetNames.TryHost(context.GetRequiredService<IHypervisorDirectory>(), context.Get(input), "host", out host);
}
