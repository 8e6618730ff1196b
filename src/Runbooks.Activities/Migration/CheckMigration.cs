using System.Text.Json.Nodes;
using Runbooks.Activities.Migration.Checks;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>
/// Stage 0, pre-migration: finds the VM, and refuses a migration that can't work or would be useless, before anything is
/// touched.
/// </summary>
[Activity("Runbooks", "Runbooks: Migration", "Stage 0. Finds the VM and checks that it can go to the destination: room, CPU, storage, networks, keys, bandwidth.", DisplayName = "Check migration")]
[FlowNode("Done", "AlreadyThere")]
public sealed class CheckMigration : ReadActivity
{
    [Input(Description = "The VM to be moved.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it goes to.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "The host that it should be on now; empty: wherever it runs.", UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "What must be free between the two hosts, MiB per second; 0: not asked for.", DefaultValue = 0, DisplayName = "Least free bandwidth, MiB/s")]
    public Input<int> MinBandwidthMiBs { get; } = new();

    [Input(Description = "How long a VM stays where it is before it is moved again, such as 00:30:00; zero: not asked for.", DefaultValue = "00:00:00", DisplayName = "Shortest stay")]
    public Input<TimeSpan> MinStay { get; } = new();

    [Input(Description = "Networks that the destination does not have will be made, so they are no failure.", DefaultValue = true, DisplayName = "Create missing networks")]
    public Input<bool> CreateMissingNetworks { get; } = new();

    [Input(Description = "Checks that are done and told but stop nothing, separated by commas: cpu, storage, networks, hostKeys, bandwidth, stay.", DisplayName = "Checks that only tell")]
    public Input<string> OnlyTell { get; } = new();

    [Output(Description = "The host that it runs on.")]
    public Output<string> FoundOn { get; } = new();

    [Output(Description = "Memory to be held at the destination, MiB.")]
    public Output<int> MemoryMiB { get; } = new();

    [Output(Description = "Its virtual CPUs.")]
    public Output<int> Vcpus { get; } = new();

    [Output(Description = "Each check with its outcome (Ok, Skipped or Failed), what was found, and what to do.")]
    public Output<JsonNode> Checks { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        var problem = FleetNames.TryVm(context.Get(Vm), out var vm) ?? FleetNames.TryHost(hosts, context.Get(Destination), "destination", out _);
        if (problem is not null)
        {
            return new EffectResult.Failed(problem);
        }

        var destination = new HostName(context.Get(Destination)!);
        var (candidates, busy) = (hosts.Hosts.Select(h => h.Name), destination);
        if (context.Get(Source) is { Length: > 0 } named)
        {
            if (FleetNames.TryHost(hosts, named, "source", out var source) is { } wrong)
            {
                return new EffectResult.Failed(wrong);
            }

            (candidates, busy) = ([source, destination], source);
        }

        return context.Services.GetService(typeof(CheckQueue)) is CheckQueue queue
            ? await queue.RunAsync(busy, () => FindAsync(context, hosts, vm, destination, candidates), context.CancellationToken)
            : await FindAsync(context, hosts, vm, destination, candidates);
    }

    private async Task<EffectResult> FindAsync(EffectContext context, IHypervisorDirectory hosts, VmName vm, HostName destination, IEnumerable<HostName> candidates)
    {
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

    /// <summary>All checks are made and shown, also those after the first that fails: what is wrong is repaired at once.</summary>
    private async Task<EffectResult> CheckDestinationAsync(EffectContext context, IHypervisorDirectory hosts, HostName source, HostName destination, VmObservation vm)
    {
        var onlyTell = (context.Get(OnlyTell) ?? string.Empty).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (onlyTell.FirstOrDefault(n => !MayOnlyTell.Contains(n, StringComparer.OrdinalIgnoreCase)) is { } unknown)
        {
            return new EffectResult.Failed($"'{unknown}' is not a check that may only tell. Those are: {string.Join(", ", MayOnlyTell)}.");
        }

        var wishes = new MoveWishes(context.Get(MinBandwidthMiBs), context.Get(MinStay), context.Get(CreateMissingNetworks));
        var facts = await MoveChecking.LookAsync(context, vm, hosts.Hosts.First(h => h.Name == source), hosts.Hosts.First(h => h.Name == destination), wishes);
        var results = MoveChecking.Judge(facts);
        var failed = results.Where(r => r.Outcome == CheckOutcome.Failed && !onlyTell.Contains(r.Name, StringComparer.OrdinalIgnoreCase)).ToArray();
        var list = new JsonArray([.. results.Select(r => (JsonNode)r.ToJson())]);
        if (failed.Length > 0)
        {
            // A failed step has no outputs, so the list is left with its progress.
            await context.ReportProgressAsync(new JsonObject { ["stage"] = "checks", ["checks"] = list });
            return new EffectResult.Failed(string.Join(' ', failed.Select(f => f.ToString())));
        }

        var outputs = Describe(source, vm);
        outputs[nameof(Checks)] = list;
        return new EffectResult.Done(outputs);
    }

    /// <summary>The others are about what this runbook itself needs.</summary>
    private static readonly string[] MayOnlyTell = ["cpu", "storage", "networks", "hostKeys", "bandwidth", "stay"];

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
