using System.Text.Json.Nodes;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Scaling;

/// <summary>Sees that the guest is alive and really works with its new size. A guest switches a new vCPU on in its own time.</summary>
[Activity("Runbooks", "Runbooks: Scaling", "Sees that a VM is alive and really works with its new size. Changes nothing.", DisplayName = "Verify scaling")]
public sealed class VerifyScaling : ReadActivity
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it runs on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Host { get; } = new();

    [Input(Description = "Virtual CPUs that it is to have.", Required = true, DisplayName = "Virtual CPUs")]
    public Input<int> Vcpus { get; } = new();

    [Input(Description = "Memory that it is to have, MiB.", Required = true, DisplayName = "Memory, MiB")]
    public Input<int> MemoryMiB { get; } = new();

    [Input(Description = "How long the guest may take to work with it.", DefaultValue = "00:01:00", DisplayName = "Within")]
    public Input<TimeSpan> Within { get; } = new();

    [Output(Description = "Memory that its guest uses now, MiB; null when it does not tell.")]
    public Output<int?> MemoryUsedMiB { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var (place, problem) = ScalingPlace.Read(context, Vm, Host);
        if (place is null)
        {
            return new EffectResult.Failed(problem!);
        }

        if (context.IsDryRun)
        {
            // Nothing was changed, so there is nothing to be seen.
            return new EffectResult.Done(new JsonObject { [nameof(MemoryUsedMiB)] = null });
        }

        for (var until = context.Clock.GetUtcNow() + context.Get(Within); ;)
        {
            var size = await place.LookAsync(context);
            var guest = await context.GetRequiredService<IHypervisorDirectory>().Hypervisor(place.Host).AskGuestAsync(place.Vm, context.CancellationToken);
            if (size.IsOk && size.Value.HasVcpus(context.Get(Vcpus)) && size.Value.HasMemory(context.Get(MemoryMiB)) && guest is { IsOk: true, Value: not GuestAnswer.Silent })
            {
                return new EffectResult.Done(new JsonObject { [nameof(MemoryUsedMiB)] = size.Value.MemoryUsedMiB });
            }

            if (context.Clock.GetUtcNow() >= until || context.CancelRequested.IsCancellationRequested)
            {
                return new EffectResult.Failed($"VM {place.Vm} was not seen to work with {context.Get(Vcpus)} vCPUs and {context.Get(MemoryMiB)} MiB within {context.Get(Within)}. {Tell(size, guest)}");
            }

            await Task.Delay(Poll, context.Clock, context.CancellationToken);
        }
    }

    private static string Tell(Result<VmSize> size, Result<GuestAnswer> guest) =>
        !size.IsOk ? $"{size.Fault}"
        : !guest.IsOk ? $"{guest.Fault}"
        : guest.Value == GuestAnswer.Silent ? "The guest's agent does not answer: look at the VM's console."
        : $"It works with {size.Value.WorkingVcpus} of {size.Value.Vcpus} vCPUs and has {size.Value.MemoryMiB} MiB; its definition has {size.Value.DefinedVcpus} and {size.Value.DefinedMemoryMiB} MiB. A guest that does not switch vCPUs on by itself needs a rule for it (udev, or its agent).";
}
