using System.Text.Json.Nodes;
using Runbooks.Activities.Migration;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Scaling;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Observation;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Scaling;

/// <summary>Finds the VM, and tells whether it can get another size where it is, must be moved for it, or has it.</summary>
[Activity("Runbooks", "Runbooks: Scaling", "Tells whether a VM can get another size where it is, must be moved for it first, or has it already. Changes nothing.", DisplayName = "Check scaling")]
[FlowNode("Fits", "NeedsMigration", "NothingToDo")]
public sealed class CheckScaling : ReadActivity
{
    [Input(Description = "The VM whose size is to change.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "Virtual CPUs that it is to have; empty or 0: as many as now.", DisplayName = "Virtual CPUs")]
    public Input<int?> Vcpus { get; } = new();

    [Input(Description = "Memory that it is to have, MiB; empty or 0: as much as now.", DisplayName = "Memory, MiB")]
    public Input<int?> MemoryMiB { get; } = new();

    [Input(Description = "Fewest virtual CPUs that are allowed; empty or 0: 1.", DisplayName = "Least virtual CPUs")]
    public Input<int?> MinVcpus { get; } = new();

    [Input(Description = "Most virtual CPUs that are allowed; empty or 0: the VM's maximum.", DisplayName = "Most virtual CPUs")]
    public Input<int?> MaxVcpus { get; } = new();

    [Input(Description = "Least memory that is allowed, MiB; empty or 0: what the guest needs.", DisplayName = "Least memory, MiB")]
    public Input<int?> MinMemoryMiB { get; } = new();

    [Input(Description = "Most memory that is allowed, MiB; empty or 0: the VM's maximum.", DisplayName = "Most memory, MiB")]
    public Input<int?> MaxMemoryMiB { get; } = new();

    [Input(Description = "Why memory may be taken from a guest that does not say how much it uses; empty: none is taken from it.")]
    public Input<string> ShrinkAnywayBecause { get; } = new();

    [Input(Description = "Whether the VM may be moved when its host has no room.", DefaultValue = true)]
    public Input<bool> AllowMigration { get; } = new();

    [Input(Description = "The host that it should be on; empty: wherever it runs. A dry run takes it to be there.", UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Host { get; } = new();

    [Output(Description = "The host that it runs on.")]
    public Output<string> FoundOn { get; } = new();

    [Output(Description = "Virtual CPUs that it has.")]
    public Output<int> FromVcpus { get; } = new();

    [Output(Description = "Memory that it has, MiB.")]
    public Output<int> FromMemoryMiB { get; } = new();

    [Output(Description = "Virtual CPUs that it is to have.")]
    public Output<int> ToVcpus { get; } = new();

    [Output(Description = "Memory that it is to have, MiB.")]
    public Output<int> ToMemoryMiB { get; } = new();

    [Output(Description = "The host that it has to move to; empty when it can stay.")]
    public Output<string> Destination { get; } = new();

    [Output(Description = "What was decided and why, in a sentence or two.")]
    public Output<string> Explanation { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        if (FleetNames.TryVm(context.Get(Vm), out var vm) is { } wrong)
        {
            return new EffectResult.Failed(wrong);
        }

        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        var (at, problem) = await FindAsync(context, hosts, vm);
        if (at is not { } here)
        {
            return new EffectResult.Failed(problem!);
        }

        var place = here;
        if (context.Get(Host) is { Length: > 0 } named && !string.Equals(named, here.Value, StringComparison.Ordinal))
        {
            if (FleetNames.TryHost(hosts, named, "host", out place) is { } unknown)
            {
                return new EffectResult.Failed(unknown);
            }

            if (!context.IsDryRun)
            {
                return new EffectResult.Failed($"VM {vm} runs on {here}, not on {named}. Leave the host empty to take it wherever it runs.");
            }
        }

        if (hosts.Hypervisor(here).Scaling is not { } sizes)
        {
            return new EffectResult.Failed($"Host {here} can't change the sizes of VMs.");
        }

        var seen = await sizes.ObserveSizeAsync(vm, context.CancellationToken);
        return seen.IsOk ? await DecideAsync(context, vm, here, place, seen.Value) : new EffectResult.Failed($"The size of VM {vm} can't be read. {seen.Fault}");
    }

    private async Task<EffectResult> DecideAsync(EffectContext context, VmName vm, HostName here, HostName place, VmSize seen)
    {
        var wish = new ScalingWish(context.Get(Vcpus), context.Get(MemoryMiB))
        {
            MinVcpus = context.Get(MinVcpus),
            MaxVcpus = context.Get(MaxVcpus),
            MinMemoryMiB = context.Get(MinMemoryMiB),
            MaxMemoryMiB = context.Get(MaxMemoryMiB),
            ShrinkAnywayBecause = context.Get(ShrinkAnywayBecause),
        };
        var now = new VmScale(seen.WorkingVcpus, seen.MemoryMiB);
        switch (ScalingRules.Decide(vm, wish, new ScalableVm(now, new VmScale(seen.MaxVcpus, seen.MaxMemoryMiB), seen.MemoryUsedMiB)))
        {
            case ScalingAnswer.Refused(var reason):
                return new EffectResult.Failed(reason);
            case ScalingAnswer.Nothing when seen.HasVcpus(now.Vcpus) && seen.HasMemory(now.MemoryMiB):
                return Answer("NothingToDo", here, now, now, null, $"VM {vm} has {now} already.");
            case ScalingAnswer.Nothing:
                // Its definition still says otherwise: the same steps put that right.
                return await WhereAsync(context, vm, here, place, now, now);
            case ScalingAnswer.Change(var from, var to):
                return await WhereAsync(context, vm, here, place, from, to);
            case var answer:
                return new EffectResult.Failed($"Unexpected answer {answer}.");
        }
    }

    private async Task<EffectResult> WhereAsync(EffectContext context, VmName vm, HostName here, HostName place, VmScale from, VmScale to)
    {
        if (await HostLook.WhyClosedAsync(context, place) is { } closed)
        {
            return new EffectResult.Failed(closed);
        }

        var capacity = await HostLook.TakeAsync(context, place, vm);
        if (!capacity.IsOk)
        {
            return new EffectResult.Failed($"Host {place} can't be asked whether it has room. {capacity.Fault}");
        }

        var planned = context.GetRequiredService<ConsolidationPolicy>();
        var narrow = ScalingRoom.WhyNot(capacity.Value, vm, place == here ? from : VmScale.None, to, planned.VcpuRatio);
        if (narrow is null)
        {
            return Answer("Fits", place, from, to, null, $"VM {vm} has {from} and gets {to} on {place}, which has room.");
        }

        if (!context.Get(AllowMigration))
        {
            return new EffectResult.Failed($"{narrow} The VM may not be moved for it here.");
        }

        var policy = new PlannerPolicy { Thresholds = planned.Thresholds, MemoryHeadroom = planned.MemoryHeadroom, VcpuRatio = planned.VcpuRatio, MinActiveHosts = planned.MinActiveHosts };
        var fleet = (await context.GetRequiredService<FleetObserver>().ObserveAsync(context.CancellationToken)).Snapshot;
        var found = ScalingDestination.Find(fleet, vm, from, to, policy);
        return found.Host is { } destination
            ? Answer("NeedsMigration", here, from, to, destination, $"{narrow} {found.Reason}")
            : new EffectResult.Failed($"{narrow} {found.Reason}");
    }

    private static EffectResult.Done Answer(string outcome, HostName at, VmScale from, VmScale to, HostName? destination, string explanation) => new(
        new JsonObject
        {
            [nameof(FoundOn)] = at.Value,
            [nameof(FromVcpus)] = from.Vcpus,
            [nameof(FromMemoryMiB)] = from.MemoryMiB,
            [nameof(ToVcpus)] = to.Vcpus,
            [nameof(ToMemoryMiB)] = to.MemoryMiB,
            [nameof(Destination)] = destination?.Value,
            [nameof(Explanation)] = explanation,
        },
        outcome);

    /// <summary>The one host on which the VM runs, or why there is none.</summary>
    private static async Task<(HostName? Host, string? Problem)> FindAsync(EffectContext context, IHypervisorDirectory hosts, VmName vm)
    {
        var seen = await Task.WhenAll(hosts.Hosts.Select(async h => (Host: h.Name, Vm: await hosts.Hypervisor(h.Name).ObserveVmAsync(vm, context.CancellationToken))));
        var copies = seen.Where(s => s.Vm is { IsOk: true, Value.State: VmState.Running }).Select(s => s.Host).ToArray();
        if (copies.Length == 1)
        {
            return (copies[0], null);
        }

        if (copies.Length > 1)
        {
            return (null, $"VM {vm} runs on {string.Join(" and ", copies)} at the same time. Stop one copy at once, after looking which one the users reach; its size was not changed.");
        }

        var told = seen.Where(s => s.Vm is { IsOk: true } or { Fault.Kind: not FaultKind.NotFound }).Select(s => s.Vm.IsOk ? $"{s.Host}: {s.Vm.Value.State} ({s.Vm.Value.StateReason})." : $"{s.Vm.Fault}").ToArray();
        return (null, $"VM {vm} was not seen running, so its size can't be changed. {(told.Length > 0 ? string.Join(" ", told) : "No host has it.")}");
    }
}
