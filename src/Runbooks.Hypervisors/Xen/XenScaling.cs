using System.Text;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Xen.Answers;

namespace Runbooks.Hypervisors.Xen;

/// <summary>The sizes of VMs on one Xen host: <c>xl vcpu-set</c> and <c>xl mem-set</c>, and their definition files.</summary>
/// <remarks>
/// Xen tells a guest what it is to have, and the guest follows when it likes. How many vCPUs it has switched on and how much
/// memory it holds is seen by Xen; what its programs use is not.
/// </remarks>
internal sealed class XenScaling(XenHost host, Xl xl, XenReader reader, XenConfigReader configurations, TimeProvider time) : IVmScaling
{
    /// <summary>How long a guest may take to switch a vCPU off before nobody knows whether it will.</summary>
    private static readonly TimeSpan GuestLimit = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public async Task<Result<VmSize>> ObserveSizeAsync(VmName vm, CancellationToken cancellationToken) =>
        (await LookAsync(vm, cancellationToken)).Map(s => s.Size);

    public async Task<Result<Unit>> SetVcpusAsync(VmName vm, int vcpus, CancellationToken cancellationToken)
    {
        var seen = await LookAsync(vm, cancellationToken);
        if (!seen.IsOk)
        {
            return seen.Fault;
        }

        var (size, definition) = seen.Value;
        if (vcpus < 1 || vcpus > size.MaxVcpus)
        {
            return Refused($"VM '{vm}' can have 1 to {size.MaxVcpus} vCPUs while it runs, not {vcpus}.", "Change its definition (maxvcpus) and start it again to have more.");
        }

        if (size.HasVcpus(vcpus))
        {
            return default(Unit);
        }

        // How many vCPUs a host may have for each of its CPUs is decided by who plans.
        var asked = await ChangeAsync(vm, definition, [("maxvcpus", size.MaxVcpus), ("vcpus", vcpus)], ["vcpu-set", "-i", vm.Value, $"{vcpus}"], cancellationToken);
        return !asked.IsOk ? await JudgeAsync(vm, s => s.HasVcpus(vcpus), asked.Fault, cancellationToken)
            : vcpus >= size.WorkingVcpus ? asked
            : await UntilGivenBackAsync(vm, vcpus, cancellationToken);
    }

    public async Task<Result<Unit>> SetMemoryAsync(VmName vm, int memoryMiB, CancellationToken cancellationToken)
    {
        var seen = await LookAsync(vm, cancellationToken);
        if (!seen.IsOk)
        {
            return seen.Fault;
        }

        var (size, definition) = seen.Value;
        if (memoryMiB < 1 || memoryMiB > size.MaxMemoryMiB)
        {
            return Refused($"VM '{vm}' can have up to {size.MaxMemoryMiB} MiB while it runs, not {memoryMiB} MiB.", "Change its definition (maxmem) and start it again to have more.");
        }

        var asked = await ChangeAsync(vm, definition, [("maxmem", size.MaxMemoryMiB), ("memory", memoryMiB)], ["mem-set", vm.Value, $"{memoryMiB}m"], cancellationToken);
        return asked.IsOk ? asked : await JudgeAsync(vm, s => s.HasMemory(memoryMiB), asked.Fault, cancellationToken);
    }

    private async Task<Result<Unit>> ChangeAsync(VmName vm, XenDefinition? definition, (string Key, int Number)[] numbers, string[] words, CancellationToken cancellationToken)
    {
        var text = definition?.Text;
        foreach (var (key, number) in numbers)
        {
            // What it may become is not changed by what it has.
            text = text is null ? null : XlNumbers.With(text, key, number);
        }

        return definition is not null && text is null
            ? Refused($"The definition of VM '{vm}' can't be changed: its numbers are not where they can be found.", $"Write {string.Join(" and ", numbers.Select(n => $"{n.Key} = {n.Number}"))} into {XenScripts.Path(host, vm)} once each, and try again.")
            : await xl.ChangeAsync(XenScripts.Scale(host, vm, (Base64(definition?.Text), Base64(text)), words), string.Join(' ', words), cancellationToken);
    }

    /// <summary>A change has failed or its answer is lost: what is seen decides.</summary>
    private async Task<Result<Unit>> JudgeAsync(VmName vm, Func<VmSize, bool> fulfilled, HypervisorFault fault, CancellationToken cancellationToken)
    {
        if (fault.Kind is FaultKind.Unreachable or FaultKind.HostKeyRejected)
        {
            return fault;
        }

        var seen = await LookAsync(vm, cancellationToken);
        return seen.IsOk && fulfilled(seen.Value.Size) ? default(Unit) : fault;
    }

    private async Task<Result<Unit>> UntilGivenBackAsync(VmName vm, int vcpus, CancellationToken cancellationToken)
    {
        for (var start = time.GetTimestamp(); ;)
        {
            var seen = await LookAsync(vm, cancellationToken);
            if (seen.IsOk && seen.Value.Size.WorkingVcpus == vcpus)
            {
                return default(Unit);
            }

            if (time.GetElapsedTime(start) >= GuestLimit)
            {
                return new HypervisorFault(
                    FaultKind.UnknownOutcome,
                    host.Name,
                    $"xl vcpu-set {vm}: the guest has not given vCPUs back within {GuestLimit.TotalSeconds:0} s, and may do so later.",
                    "Look into the guest.");
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private async Task<Result<(VmSize Size, XenDefinition? Definition)>> LookAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await reader.ReadVmAsync(vm, cancellationToken);
        if (!seen.IsOk)
        {
            return seen.Fault;
        }

        if (seen.Value.IsAbsent)
        {
            return new HypervisorFault(FaultKind.NotFound, host.Name, $"There is no VM '{vm}' here.");
        }

        var state = seen.Value.Observe(time.GetUtcNow());
        if (state.State != VmState.Running || seen.Value.Itself is not { } domain)
        {
            return Refused($"VM '{vm}' is {state.State} ({state.StateReason}) here; only a running VM is measured and changed.", "Start it, or look where it runs.");
        }

        var limits = await configurations.ReadLimitsAsync(vm, cancellationToken);
        if (!limits.IsOk)
        {
            return limits.Fault;
        }

        var definition = seen.Value.Definition;
        return (
            new VmSize(limits.Value.Vcpus, limits.Value.MaxVcpus, domain.MemoryMiB, limits.Value.MaxMemoryMiB, null)
            {
                GuestVcpus = domain.Vcpus,
                DefinedVcpus = definition?.Vcpus,
                DefinedMemoryMiB = definition?.MemoryMiB,
            },
            definition);
    }

    private HypervisorFault Refused(string message, string advice) => new(FaultKind.Refused, host.Name, message, advice);

    private static string Base64(string? text) => text is null ? string.Empty : Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
