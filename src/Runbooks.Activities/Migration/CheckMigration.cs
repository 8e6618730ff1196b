using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>
/// Stage 0, pre-migration: finds the VM, and refuses a migration that can't work or would be useless, before anything is
/// touched.
/// </summary>
[Activity("Runbooks", "Runbooks: Migration", "Stage 0. Finds the VM and checks that it can go to the destination: same pool, room, nothing in the way.", DisplayName = "Check migration")]
[FlowNode("Done", "AlreadyThere")]
public sealed class CheckMigration : ReadActivity
{
    [Input(Description = "The VM to be moved.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it goes to.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "The host that it should be on now; empty: wherever it runs.", UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Output(Description = "The host that it runs on.")]
    public Output<string> FoundOn { get; } = new();

    [Output(Description = "Memory to be held at the destination, MiB.")]
    public Output<int> MemoryMiB { get; } = new();

    [Output(Description = "Its virtual CPUs.")]
    public Output<int> Vcpus { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        var problem = FleetNames.TryVm(context.Get(Vm), out var vm) ?? FleetNames.TryHost(hosts, context.Get(Destination), "destination", out _);
        if (problem is not null)
        {
            return new EffectResult.Failed(problem);
        }

        var destination = new HostName(context.Get(Destination)!);
        var candidates = hosts.Hosts.Select(h => h.Name);
        if (context.Get(Source) is { Length: > 0 } named)
        {
            if (FleetNames.TryHost(hosts, named, "source", out var source) is { } wrong)
            {
                return new EffectResult.Failed(wrong);
            }

            candidates = [source, destination];
        }

        var seen = await Task.WhenAll(candidates.Distinct().Select(async h => (Host: h, Vm: await hosts.Hypervisor(h).ObserveVmAsync(vm, context.CancellationToken))));
        var running = seen.Where(s => s.Vm is { IsOk: true, Value.State: VmState.Running }).ToArray();
        return running switch
        {
            [] => new EffectResult.Failed(NotRunning(vm, seen)),
            [var only] when only.Host == destination => new EffectResult.Done(Describe(only.Host, only.Vm.Value), "AlreadyThere"),
            [var only] => await CheckDestinationAsync(context, hosts, only.Host, destination, only.Vm.Value),
            _ => new EffectResult.Failed($"VM {vm} runs on {string.Join(" and ", running.Select(r => r.Host))} at the same time. Stop one copy at once, after looking which one the users reach; nothing was moved."),
        };
    }

    private static async Task<EffectResult> CheckDestinationAsync(EffectContext context, IHypervisorDirectory hosts, HostName source, HostName destination, VmObservation vm)
    {
        var (from, to) = (hosts.Hosts.First(h => h.Name == source), hosts.Hosts.First(h => h.Name == destination));
        if (from.Hypervisor != to.Hypervisor)
        {
            return new EffectResult.Failed($"VM {vm.Name} runs under {from.Hypervisor} on {source}, and {destination} is a host of {to.Hypervisor}; a running VM can't change its hypervisor. Choose a host of {from.Hypervisor}, or stop the VM and convert it.");
        }

        if (!string.Equals(from.Pool, to.Pool, StringComparison.Ordinal))
        {
            return new EffectResult.Failed($"VM {vm.Name} is in pool '{from.Pool}' and host {destination} in pool '{to.Pool}'; only hosts of one pool exchange VMs.");
        }

        if (!hosts.Hypervisor(source).Features.HasFlag(HypervisorFeatures.LiveMigration))
        {
            return new EffectResult.Failed($"Host {source} can't migrate running VMs.");
        }

        var seen = await hosts.Hypervisor(destination).ObserveAsync(context.CancellationToken);
        if (!seen.IsOk)
        {
            return new EffectResult.Failed($"The destination can't be asked. {seen.Fault}");
        }

        if (seen.Value.Vms.FirstOrDefault(v => v.Name == vm.Name) is { } inTheWay)
        {
            return new EffectResult.Failed($"Host {destination} already has a VM {vm.Name} ({inTheWay.State}, {inTheWay.StateReason}), probably left over from an earlier move. Look at it and undefine it there, then start again.");
        }

        var free = HostRoom.FreeMemoryMiB(seen.Value);
        return free < vm.MemoryMiB
            ? new EffectResult.Failed($"Host {destination} has {free} MiB free, VM {vm.Name} needs {vm.MemoryMiB} MiB.")
            : new EffectResult.Done(Describe(source, vm));
    }

    private static JsonObject Describe(HostName host, VmObservation vm) => new()
    {
        [nameof(FoundOn)] = host.Value,
        [nameof(MemoryMiB)] = vm.MemoryMiB,
        [nameof(Vcpus)] = vm.Vcpus,
    };

    private static string NotRunning(VmName vm, IEnumerable<(HostName Host, Result<VmObservation> Vm)> seen)
    {
        var found = seen.Where(s => s.Vm.IsOk).Select(s => $"{s.Vm.Value.State} ({s.Vm.Value.StateReason}) on {s.Host}").ToArray();
        var silent = seen.Where(s => s.Vm.Fault is { Kind: not FaultKind.NotFound }).Select(s => $"{s.Vm.Fault}").ToArray();
        var where = found.Length > 0 ? $"It is {string.Join(", ", found)}." : "No host that answers has it.";
        return $"VM {vm} does not run, so it can't be moved live. {where}{(silent.Length > 0 ? $" Not asked: {string.Join(" ", silent)}" : "")}";
    }
}

/// <summary>Room on a host.</summary>
internal static class HostRoom
{
    /// <summary>Memory that no VM there holds, MiB: what VMs were given counts, not what they use at the moment.</summary>
    public static int FreeMemoryMiB(HostObservation host) =>
        host.MemoryMiB - host.Vms.Where(v => v.State is VmState.Running or VmState.Paused).Sum(v => v.MemoryMiB);
}
