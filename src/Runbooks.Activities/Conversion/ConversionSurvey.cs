using System.Globalization;
using Runbooks.Activities.Migration;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Conversion;

/// <summary>What was found out about a VM that is to change its hypervisor: a plan, or what stands in the way.</summary>
/// <param name="Plan">The plan; null when something stands in the way.</param>
/// <param name="Problems">What stands in the way and what to do, one sentence or two each.</param>
internal sealed record ConversionSurvey(ConversionPlan? Plan, IReadOnlyList<string> Problems)
{
    private const long MiB = 1_048_576;

    public static async Task<ConversionSurvey> TakeAsync(
        EffectContext context, ConversionPlace place, VmObservation seen, IHypervisorDirectory hosts, string? folder, string? diskFormat, string? bridges, bool mayBeStopped)
    {
        var problems = new List<string>();
        problems.AddRange(AboutHosts(place, seen, hosts, mayBeStopped));
        problems.AddRange(AboutWishes(place, folder, diskFormat, bridges, out var wishes));
        problems.AddRange(await AboutDestinationAsync(context, place, seen));
        var vm = await ReadAsync(context, place, problems);
        var plan = vm is null || wishes is null ? null : await PlanAsync(context, place, vm, wishes, problems);
        return new ConversionSurvey(problems.Count > 0 ? null : plan, problems);
    }

    /// <summary>What will be done, for people.</summary>
    public string Tell(ConversionPlace place)
    {
        var files = Plan!.Files.Select(f => f.Way switch
        {
            FileWay.Copy => string.Create(CultureInfo.InvariantCulture, $"{f.From} is copied to {f.To} ({f.Bytes / MiB} MiB{(f.FromFormat == f.ToFormat ? "" : $", {f.FromFormat} becomes {f.ToFormat}")})"),
            FileWay.Shared => $"{f.From} is on storage that both have",
            _ => $"{f.To} has the content of {f.From} already",
        });
        return $"VM {place.Vm} goes from {place.Source.Host} to {place.Destination.Host}: {string.Join("; ", files)}.";
    }

    private static IEnumerable<string> AboutHosts(ConversionPlace place, VmObservation seen, IHypervisorDirectory hosts, bool mayBeStopped)
    {
        var (from, to) = (hosts.Hosts.First(h => h.Name == place.Source.Host), hosts.Hosts.First(h => h.Name == place.Destination.Host));
        if (from.Hypervisor == to.Hypervisor)
        {
            yield return $"Both {from.Name} and {to.Name} are hosts of {to.Hypervisor}: use 'migrate-vm', which moves a running VM.";
        }

        if (seen.State == VmState.Running && !mayBeStopped)
        {
            yield return $"It runs, and a running VM can't change its hypervisor: shut it down, or let this runbook do it (StopIfRunning).";
        }
        else if (seen.State is not (VmState.Running or VmState.ShutOff or VmState.Crashed))
        {
            yield return $"It is {seen.State} ({seen.StateReason}): it must be off, or run.";
        }

        if (seen.Persistent == false)
        {
            yield return $"{place.Source.Host} has no definition of it and would forget it when it stops: define it there first.";
        }
    }

    private static List<string> AboutWishes(ConversionPlace place, string? folder, string? diskFormat, string? bridges, out ConversionWishes? wishes)
    {
        var problems = new List<string>();
        if (folder is { Length: > 0 } && (folder[0] != '/' || folder.Any(char.IsControl)))
        {
            problems.Add($"The folder '{folder}' is no absolute path (Folder).");
        }

        if (diskFormat is { Length: > 0 } && !place.ToDisks.Formats.Contains(diskFormat, StringComparer.Ordinal))
        {
            problems.Add($"{place.Destination.Host} can't use disks in '{diskFormat}': choose one of {string.Join(", ", place.ToDisks.Formats)} (DiskFormat).");
        }

        var names = ConversionRules.ReadBridges(bridges, out var wrong);
        if (wrong is not null)
        {
            problems.Add($"{wrong} (Bridges)");
        }

        wishes = problems.Count > 0 ? null : new ConversionWishes(folder is { Length: > 0 } ? folder : null, diskFormat is { Length: > 0 } ? diskFormat : null, names!);
        return problems;
    }

    private static async Task<IEnumerable<string>> AboutDestinationAsync(EffectContext context, ConversionPlace place, VmObservation seen)
    {
        var (room, way) = (place.Destination.ObserveAsync(context.CancellationToken), place.FromDisks.TryWayAsync(place.Destination.Host, context.CancellationToken));
        var problems = new List<string>();
        if (await room is not { IsOk: true, Value: var host })
        {
            problems.Add($"{place.Destination.Host} can't be asked whether it has room. {(await room).Fault}");
        }
        else if (HostRoom.FreeMemoryMiB(host) < seen.MemoryMiB)
        {
            problems.Add($"{place.Destination.Host} has {HostRoom.FreeMemoryMiB(host)} MiB free, and {seen.MemoryMiB} MiB are needed: choose another host, or make room.");
        }

        if (await way is not { IsOk: true, Value: var peer })
        {
            problems.Add($"The way from {place.Source.Host} to {place.Destination.Host} can't be tried. {(await way).Fault}");
        }
        else if (peer.Trust is not (PeerTrust.Trusted or PeerTrust.NotTried))
        {
            problems.Add($"{peer.Found} {peer.Advice}".Trim());
        }

        return problems;
    }

    /// <summary>The VM by its definition; each thing in it that the other language has no word for is a problem.</summary>
    private static async Task<ConvertibleVm?> ReadAsync(EffectContext context, ConversionPlace place, List<string> problems)
    {
        var (definition, ties) = (await place.ReadHoldAsync(context), await place.From.FindTiesAsync(place.Vm, context.CancellationToken));
        if (!definition.IsOk || definition.Value.Definition is not { } text)
        {
            problems.Add($"Its definition can't be read. {definition.Fault}".Trim());
            return null;
        }

        problems.AddRange(ties.IsOk ? ties.Value : [$"What {place.Source.Host} has of it beside its definition can't be read. {ties.Fault}"]);
        if (definition.Value.Hold != Hold.Free)
        {
            problems.Add($"Another run ({HeldDefinition.HolderOf(text)}) holds its definition on {place.Source.Host}: end that run, which lets it go.");
            return null;
        }

        var read = DefinitionLanguages.Read(text);
        problems.AddRange(read.Problems.Select(p => $"{p} Take that out of its definition on {place.Source.Host}, or make the VM anew by hand."));
        return read.Vm;
    }

    private static async Task<ConversionPlan?> PlanAsync(EffectContext context, ConversionPlace place, ConvertibleVm vm, ConversionWishes wishes, List<string> problems)
    {
        var arrived = ConversionRules.Arrived(vm, wishes, place.ToDisks.Formats);
        var bridges = await place.To.FindMissingBridgesAsync(arrived, context.CancellationToken);
        problems.AddRange(bridges.IsOk
            ? bridges.Value.Select(b => $"{place.Destination.Host} has no bridge '{b}': make it there, or say what it is called there (Bridges).")
            : [$"The bridges of {place.Destination.Host} can't be read. {bridges.Fault}"]);
        var definition = await place.To.ComposeAsync(arrived, context.CancellationToken);
        if (!definition.IsOk)
        {
            problems.Add($"{definition.Fault}");
        }

        var (here, there) = (await LookAsync(context, place.FromDisks, vm), await LookAsync(context, place.ToDisks, arrived));
        if (!here.IsOk || !there.IsOk)
        {
            problems.Add($"Its files can't be looked at. {here.Fault ?? there.Fault}");
            return null;
        }

        var files = ConversionRules.Plan(vm, arrived, here.Value, there.Value, place.ToDisks.Formats, out var wrong);
        problems.AddRange(wrong);
        return definition.IsOk ? new ConversionPlan(vm, definition.Value, files) : null;
    }

    /// <summary>Only of what is small are checksums taken: kernels and RAM disks, which many VMs share.</summary>
    private static async Task<Result<DiskSight>> LookAsync(EffectContext context, IVmDisks disks, ConvertibleVm vm)
    {
        string[] paths = [.. vm.Disks.Select(d => d.Path)];
        var boots = await disks.LookAsync([.. vm.Files.Take(vm.Files.Count - paths.Length)], withChecksums: true, context.CancellationToken);
        var images = await disks.LookAsync(paths, withChecksums: false, context.CancellationToken);
        return !boots.IsOk ? boots
            : !images.IsOk ? images
            : new DiskSight(boots.Value.CanConvert, [.. boots.Value.Places, .. images.Value.Places]);
    }
}
