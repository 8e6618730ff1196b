using System.Text.Json.Nodes;
using Runbooks.Activities.Migration;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Conversion;

/// <summary>Finds the VM, looks at everything that its way to the other hypervisor depends on, and plans it.</summary>
[Activity("Runbooks", "Runbooks: Conversion", "Looks whether a VM can go to a host of another hypervisor, names everything that stands in the way, and plans what becomes of its definition and files. Changes nothing.", DisplayName = "Check conversion")]
[FlowNode("Convertible", "AlreadyThere")]
public sealed class CheckConversion : ReadActivity
{
    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host of the other hypervisor that it goes to.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "The host that it is on; empty: wherever it is found.", UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "Whether a running guest may be shut down for it. False: only a VM that is off is taken.", DefaultValue = false, DisplayName = "May be stopped")]
    public Input<bool> StopIfRunning { get; } = new();

    [Input(Description = "Folder at the destination for the VM's files; empty: the same as at the source.")]
    public Input<string> Folder { get; } = new();

    [Input(Description = "Format of its disks at the destination, raw or qcow2; empty: as they are, or what the destination can use.", DisplayName = "Disk format")]
    public Input<string> DiskFormat { get; } = new();

    [Input(Description = "What bridges are called at the destination, such as br0=lan0; others keep their names.")]
    public Input<string> Bridges { get; } = new();

    [Output(Description = "The host that it is on.")]
    public Output<string> FoundOn { get; } = new();

    [Output(Description = "True when its guest runs, and has to be shut down.")]
    public Output<bool> WasRunning { get; } = new();

    [Output(Description = "Its memory, MiB.")]
    public Output<int> MemoryMiB { get; } = new();

    [Output(Description = "Its virtual CPUs.")]
    public Output<int> Vcpus { get; } = new();

    [Output(Description = "What becomes of its definition and its files, for the steps that follow.")]
    public Output<string> Plan { get; } = new();

    [Output(Description = "The same for people.")]
    public Output<string> Explanation { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        HostName destination = default;
        if ((FleetNames.TryVm(context.Get(Vm), out var vm) ?? FleetNames.TryHost(hosts, context.Get(Destination), "destination", out destination)) is { } wrong)
        {
            return new EffectResult.Failed(wrong);
        }

        var candidates = hosts.Hosts.Select(h => h.Name);
        if (context.Get(Source) is { Length: > 0 } named)
        {
            if (FleetNames.TryHost(hosts, named, "source", out var source) is { } unknown)
            {
                return new EffectResult.Failed(unknown);
            }

            candidates = [source, destination];
        }

        var seen = await Task.WhenAll(candidates.Distinct().Select(async h => (Host: h, Vm: await hosts.Hypervisor(h).ObserveVmAsync(vm, context.CancellationToken))));
        var silent = seen.Where(s => s.Vm.Fault is { Kind: not FaultKind.NotFound }).Select(s => $"{s.Vm.Fault}").ToArray();
        switch (seen.Where(s => s.Vm.IsOk).ToArray())
        {
            case []:
                return new EffectResult.Failed($"No host that answers has VM {vm}.{(silent.Length > 0 ? $" Not asked: {string.Join(' ', silent)}" : "")}");
            case [var only] when only.Host == destination:
                return new EffectResult.Done(Describe(only.Host, only.Vm.Value, null, $"VM {vm} is on {destination} already."), "AlreadyThere");
            case [var only]:
                // One that does not answer may have it too, and run it.
                return silent.Length > 0
                    ? new EffectResult.Failed($"Whether VM {vm} is on another host too can't be seen. {string.Join(' ', silent)} Mend that, or name the VM's host (Source).")
                    : await CheckAsync(context, hosts, vm, only.Host, destination, only.Vm.Value);
            case var several:
                return new EffectResult.Failed($"VM {vm} is on {string.Join(" and on ", several.Select(s => $"{s.Host} ({s.Vm.Value.State}, {s.Vm.Value.StateReason})"))}. Only one of them may have it: look which one is right, and undefine it on the other.");
        }
    }

    /// <summary>All that stands in the way is told at once, so that it is mended at once.</summary>
    private async Task<EffectResult> CheckAsync(EffectContext context, IHypervisorDirectory hosts, VmName vm, HostName source, HostName destination, VmObservation seen)
    {
        var (place, problem) = ConversionPlace.Of(hosts, vm, source, destination);
        if (place is null)
        {
            return new EffectResult.Failed(problem!);
        }

        var survey = await ConversionSurvey.TakeAsync(
            context, place, seen, hosts, context.Get(Folder), context.Get(DiskFormat), context.Get(Bridges), context.Get(StopIfRunning));
        if (survey.Problems.Count > 0)
        {
            // A failed step has no outputs, so the list is left with its progress.
            await context.ReportProgressAsync(new JsonObject { ["stage"] = "checks", ["problems"] = new JsonArray([.. survey.Problems.Select(p => (JsonNode)p)]) });
            return new EffectResult.Failed($"VM {vm} can't go from {source} to {destination}. {string.Join(' ', survey.Problems.Select((p, i) => $"({i + 1}) {p}"))}");
        }

        return new EffectResult.Done(Describe(source, seen, survey.Plan!, survey.Tell(place)), "Convertible");
    }

    private static JsonObject Describe(HostName host, VmObservation seen, ConversionPlan? plan, string explanation) => new()
    {
        [nameof(FoundOn)] = host.Value,
        [nameof(WasRunning)] = seen.State == VmState.Running,
        [nameof(MemoryMiB)] = plan?.Before.MemoryMiB ?? seen.MemoryMiB,
        [nameof(Vcpus)] = plan?.Before.Vcpus ?? seen.Vcpus,
        [nameof(Plan)] = plan?.Write(),
        [nameof(Explanation)] = explanation,
    };
}
