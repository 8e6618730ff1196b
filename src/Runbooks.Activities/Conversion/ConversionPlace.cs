using Runbooks.Activities.Migration;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Conversion;

/// <summary>How far the source of a conversion has been given up, as its definition there says.</summary>
internal enum Hold
{
    /// <summary>Anybody may start the VM there.</summary>
    Free,

    /// <summary>This run holds it, and has not started it anywhere else.</summary>
    Held,

    /// <summary>This run holds it, and may have started it at the destination.</summary>
    HandedOver,

    /// <summary>Another run holds it.</summary>
    Other,

    /// <summary>There is no definition any more: the VM lives at the destination.</summary>
    Gone,
}

/// <summary>What every step of a conversion is told: which VM, from where, to where, and what both hosts can do.</summary>
internal sealed record ConversionPlace(VmName Vm, IHypervisor Source, IHypervisor Destination, IVmDefinitions From, IVmDefinitions To, IVmDisks FromDisks, IVmDisks ToDisks)
{
    private const string StartedEnding = ".started";

    /// <summary>Reads the three names, or says which is wrong.</summary>
    public static (ConversionPlace? Place, string? Problem) Read(EffectContext context, Input<string> vm, Input<string> source, Input<string> destination)
    {
        var (route, problem) = MigrationRoute.Read(context, vm, source, destination);
        return route is null ? (null, problem) : Of(context.GetRequiredService<IHypervisorDirectory>(), route.Vm, route.Source, route.Destination);
    }

    public static (ConversionPlace? Place, string? Problem) Of(IHypervisorDirectory hosts, VmName vm, HostName source, HostName destination)
    {
        var (from, to) = (hosts.Hypervisor(source), hosts.Hypervisor(destination));
        return from is { Definitions: { } read, Disks: { } sent } && to is { Definitions: { } written, Disks: { } received }
            ? (new ConversionPlace(vm, from, to, read, written, sent, received), null)
            : (null, $"Host {(from is { Definitions: not null, Disks: not null } ? destination : source)} can't read and write definitions and files of VMs.");
    }

    public string Holder(EffectContext context) => context.RunId.ToString();

    public string StartedHolder(EffectContext context) => Holder(context) + StartedEnding;

    public Task<Result<VmObservation>> LookAtSourceAsync(EffectContext context) => Source.ObserveVmAsync(Vm, context.CancellationToken);

    public Task<Result<VmObservation>> LookAtDestinationAsync(EffectContext context) => Destination.ObserveVmAsync(Vm, context.CancellationToken);

    /// <summary>Who holds the source, with its definition; a fault when it can't be read.</summary>
    public async Task<Result<(Hold Hold, VmDefinition? Definition)>> ReadHoldAsync(EffectContext context)
    {
        var read = await From.ReadAsync(Vm, context.CancellationToken);
        if (!read.IsOk)
        {
            return read.Fault.Kind == FaultKind.NotFound ? (Hold.Gone, null) : read.Fault;
        }

        var holder = HeldDefinition.HolderOf(read.Value);
        return (holder is null ? Hold.Free : holder == Holder(context) ? Hold.Held : holder == StartedHolder(context) ? Hold.HandedOver : Hold.Other, read.Value);
    }

    /// <summary>Holds the source as it is said, or lets it go. What it is now was just read.</summary>
    public Task<Result<Unit>> WriteHoldAsync(EffectContext context, VmDefinition now, Hold wanted) => wanted switch
    {
        Hold.Free => From.ReplaceAsync(Vm, now, HeldDefinition.Release(now), context.CancellationToken),
        _ => HeldDefinition.Hold(now, wanted == Hold.Held ? Holder(context) : StartedHolder(context)) is { } held
            ? From.ReplaceAsync(Vm, now, held, context.CancellationToken)
            : Task.FromResult<Result<Unit>>(new HypervisorFault(FaultKind.Refused, Source.Host, $"The definition of VM '{Vm}' does not name one kernel by its path, so it can't be held.")),
    };

    /// <summary>What a copy of one file is called. The same for whoever goes on with this step.</summary>
    public FileCopy CopyOf(string id, int index, PlannedFile file) => new($"{id}-{index}", file.From, Destination.Host, file.To) { Format = file.FromFormat, TargetFormat = file.ToFormat };

    /// <summary>It holds no memory here: it is off, or there is nothing of it.</summary>
    public static bool IsOff(Result<VmObservation> seen) => seen is { IsOk: true, Value.State: VmState.ShutOff or VmState.Crashed } or { Fault.Kind: FaultKind.NotFound };

    public static string Tell(Result<VmObservation> seen) => seen.IsOk ? $"{seen.Value.State} ({seen.Value.StateReason})" : seen.Fault.Kind == FaultKind.NotFound ? "not there" : $"{seen.Fault}";
}
