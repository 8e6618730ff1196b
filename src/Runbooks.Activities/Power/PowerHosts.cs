using Runbooks.Activities.Consolidation;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Power;

/// <summary>Switches a host off, after seeing that no VM runs on it.</summary>
[Activity("Runbooks", "Runbooks: Hosts", "Switches a host off, if no VM runs on it. Undone by switching it on again.", DisplayName = "Power off host")]
public sealed class PowerOffHost : ChangeActivity
{
    [Input(Description = "The host.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Host { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        if (FleetHost.Read(context, Host, out var host) is { } problem)
        {
            return new EffectResult.Failed(problem);
        }

        if (await HostSwitch.WhyNotEmptyAsync(context, host) is { } occupied)
        {
            return occupied.IsOff ? new EffectResult.Done() : new EffectResult.Failed(occupied.Reason);
        }

        return await HostSwitch.TurnAsync(context, host, PowerState.Off);
    }

    protected override Task<Reconciliation> ReconcileAsync(EffectContext context) => HostSwitch.ReconcileAsync(context, Host, PowerState.Off);

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        if (FleetHost.Read(context, Host, out var host) is not null)
        {
            return new UndoResult.Undone("Nothing was switched off.");
        }

        return await HostSwitch.TurnAsync(context, host, PowerState.On) switch
        {
            EffectResult.Done => new UndoResult.Undone($"Host {host} is on again and answers."),
            EffectResult.Failed { Reason: var reason } => new UndoResult.Failed(reason),
            EffectResult.Unknown { Reason: var reason } => new UndoResult.Failed(reason),
            _ => new UndoResult.Failed("Unexpected answer."),
        };
    }
}

/// <summary>Switches a host on and waits until it answers.</summary>
[Activity("Runbooks", "Runbooks: Hosts", "Switches a host on and waits until it answers. Undone by switching it off, if no VM runs on it.", DisplayName = "Power on host")]
public sealed class PowerOnHost : ChangeActivity
{
    [Input(Description = "The host.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Host { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        if (FleetHost.Read(context, Host, out var host) is { } problem)
        {
            return new EffectResult.Failed(problem);
        }

        return await HostSwitch.TurnAsync(context, host, PowerState.On);
    }

    protected override Task<Reconciliation> ReconcileAsync(EffectContext context) => HostSwitch.ReconcileAsync(context, Host, PowerState.On);

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        if (FleetHost.Read(context, Host, out var host) is not null)
        {
            return new UndoResult.Undone("Nothing was switched on.");
        }

        if (await HostSwitch.WhyNotEmptyAsync(context, host) is { } occupied)
        {
            return new UndoResult.Undone(occupied.IsOff ? $"Host {host} is off." : $"Left on: {occupied.Reason}");
        }

        return await HostSwitch.TurnAsync(context, host, PowerState.Off) is EffectResult.Done
            ? new UndoResult.Undone($"Host {host} is off again.")
            : new UndoResult.Failed($"Host {host} could not be switched off again.");
    }
}
