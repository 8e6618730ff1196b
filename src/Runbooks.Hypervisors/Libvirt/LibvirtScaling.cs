using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Answers;
using Runbooks.Hypervisors.Linux;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt;

/// <summary>The sizes of VMs on one libvirt host.</summary>
/// <remarks>
/// libvirt was seen to give an unplug up as timed out that the guest had followed, and to count the vCPU from then on. To plug
/// another one in that state is refused here: libvirt would tell QEMU things about a vCPU that is not there.
/// </remarks>
internal sealed class LibvirtScaling(HostName host, IRemoteShell shell, TimeProvider time) : IVmScaling
{
    /// <summary>What an agent gets to answer; a guest that is busy or gone costs no more than this.</summary>
    private const int AgentSeconds = 5;

    private static readonly TimeSpan AgentLimit = TimeSpan.FromSeconds(AgentSeconds + 5);

    /// <summary>After libvirt has given up an unplug (5 s), and for a guest to see a vCPU that was plugged in.</summary>
    private static readonly TimeSpan GuestLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly Virsh virsh = new(host, shell);

    public async Task<Result<VmSize>> ObserveSizeAsync(VmName vm, CancellationToken cancellationToken) =>
        (await LookAsync(vm, cancellationToken)).Map(s => s.Size);

    public async Task<Result<Unit>> SetVcpusAsync(VmName vm, int vcpus, CancellationToken cancellationToken)
    {
        var seen = await UntilAgreedAsync(vm, vcpus, cancellationToken);
        if (!seen.IsOk)
        {
            return seen.Fault;
        }

        var (before, known) = seen.Value;
        if (vcpus < 1 || vcpus > before.MaxVcpus)
        {
            return Refused($"VM '{vm}' can have 1 to {before.MaxVcpus} vCPUs while it runs, not {vcpus}.", "Change its definition and start it again to have more.");
        }

        if (before.HasVcpus(vcpus))
        {
            return default(Unit);
        }

        if (vcpus >= before.Vcpus && known < before.Vcpus)
        {
            return Refused(
                $"VM '{vm}' has {known} vCPUs in its guest, and libvirt counts {before.Vcpus}: it has not noticed that the guest gave one back. More can't be plugged in safely.",
                "Restart libvirtd on this host (its VMs run on), and try again.");
        }

        var asked = before.WorkingVcpus == vcpus && known <= vcpus
            ? await DefineVcpusAsync(vm, vcpus, cancellationToken)
            : await virsh.ChangeAsync(["setvcpus", vm.Value, $"{vcpus}", "--live", "--config"], cancellationToken);
        return asked.IsOk || asked.Fault.Kind is FaultKind.Unreachable or FaultKind.HostKeyRejected
            ? asked
            : await JudgeAsync(vm, vcpus, before, asked.Fault, cancellationToken);
    }

    public async Task<Result<Unit>> SetMemoryAsync(VmName vm, int memoryMiB, CancellationToken cancellationToken)
    {
        var seen = await LookAsync(vm, cancellationToken);
        if (!seen.IsOk)
        {
            return seen.Fault;
        }

        var before = seen.Value.Size;
        if (memoryMiB < 1 || memoryMiB > before.MaxMemoryMiB)
        {
            return Refused($"VM '{vm}' can have up to {before.MaxMemoryMiB} MiB while it runs, not {memoryMiB} MiB.", "Change its definition and start it again to have more.");
        }

        string[] definition = before.DefinedMemoryMiB is null ? [] : ["--config"];
        var asked = await virsh.ChangeAsync(["setmem", vm.Value, $"{memoryMiB}M", "--live", .. definition], cancellationToken);
        if (asked.IsOk || asked.Fault.Kind is FaultKind.Unreachable or FaultKind.HostKeyRejected)
        {
            return asked;
        }

        // libvirt writes the definition after it has asked the guest, so a definition that has changed tells that it was asked.
        var after = await LookAsync(vm, cancellationToken);
        return after.IsOk && (after.Value.Size.HasMemory(memoryMiB) || (before.DefinedMemoryMiB != memoryMiB && after.Value.Size.DefinedMemoryMiB == memoryMiB)) ? default(Unit) : asked;
    }

    /// <summary>
    /// The size, when guest and libvirt agree how many vCPUs there are, or have not come to agree in some time. A vCPU that was
    /// just plugged in is one that the guest is about to see, and then to work with: one too many that would be forgotten.
    /// </summary>
    private async Task<Result<(VmSize Size, int Known)>> UntilAgreedAsync(VmName vm, int vcpus, CancellationToken cancellationToken)
    {
        for (var start = time.GetTimestamp(); ;)
        {
            var seen = await LookAsync(vm, cancellationToken);
            if (!seen.IsOk || time.GetElapsedTime(start) >= GuestLimit)
            {
                return seen;
            }

            var (size, known) = seen.Value;
            if (known >= size.Vcpus || size.HasVcpus(vcpus) || (vcpus < size.Vcpus && size.WorkingVcpus != vcpus))
            {
                return seen;
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    /// <summary>virsh has failed: what the guest has decides.</summary>
    private async Task<Result<Unit>> JudgeAsync(VmName vm, int vcpus, VmSize before, HypervisorFault fault, CancellationToken cancellationToken)
    {
        for (var start = time.GetTimestamp(); ;)
        {
            var seen = await LookAsync(vm, cancellationToken);
            if (seen.IsOk && seen.Value.Size.WorkingVcpus == vcpus)
            {
                return await DefineVcpusAsync(vm, vcpus, cancellationToken);
            }

            if (vcpus > before.Vcpus || time.GetElapsedTime(start) >= GuestLimit)
            {
                break;
            }

            await Task.Delay(Pause, time, cancellationToken);
        }

        // A guest may follow an unplug at any later time; plugging in is refused or done.
        return vcpus > before.Vcpus
            ? fault
            : fault with { Kind = FaultKind.UnknownOutcome, Advice = $"The guest has not given vCPUs back within {GuestLimit.TotalSeconds:0} s, and may do so later. Look into the guest." };
    }

    private async Task<Result<Unit>> DefineVcpusAsync(VmName vm, int vcpus, CancellationToken cancellationToken)
    {
        var seen = await LookAsync(vm, cancellationToken);
        return !seen.IsOk ? new HypervisorFault(FaultKind.UnknownOutcome, host, $"VM '{vm}' works with {vcpus} vCPUs; whether its definition says so can't be seen. {seen.Fault.Message}", seen.Fault.Advice)
            : (seen.Value.Size.DefinedVcpus ?? vcpus) == vcpus ? default(Unit)
            : await virsh.ChangeAsync(["setvcpus", vm.Value, $"{vcpus}", "--config"], cancellationToken);
    }

    /// <summary>The size, and how many vCPUs the guest knows (switched on or not); libvirt's count when the guest does not tell.</summary>
    private async Task<Result<(VmSize Size, int Known)>> LookAsync(VmName vm, CancellationToken cancellationToken)
    {
        var what = $"domstats {vm}, dumpxml {vm}";
        var script = Sections.Script(
            ("stats", $"domstats --nowait --state --balloon --vcpu {vm.Value}"), ("persistent", "list --all --persistent --name"), ("definition", $"dumpxml --inactive {vm.Value}"));
        var guest = AskGuestAsync(vm, cancellationToken);
        var answer = await virsh.ReadAsync(script, cancellationToken);
        var inGuest = await guest;
        if (!answer.IsOk)
        {
            return answer.Fault;
        }

        var errors = string.Join('\n', answer.Value.Errors.Split('\n').Where(l => l.StartsWith("error:", StringComparison.Ordinal)));
        if (errors.Length > 0)
        {
            return Virsh.Fault(host, what, errors, Effect.Reads);
        }

        if (!Sections.TrySplit(answer.Value.Output, out var parts, out var problem)
            || !SizeFigures.TryRead(parts["stats"], parts["definition"], parts["persistent"].Select(l => l.Trim()).Contains(vm.Value, StringComparer.Ordinal), out var figures, out problem))
        {
            return Virsh.BadAnswer(host, what, problem);
        }

        return figures.State == VmState.Running
            ? (figures.Size with { GuestVcpus = inGuest?.Online }, inGuest?.Known ?? figures.Size.Vcpus)
            : Refused($"VM '{vm}' is {figures.State} ({figures.Reason}) here; only a running VM is measured and changed.", "Start it, or look where it runs.");
    }

    /// <summary>Null when the guest does not answer: it has no agent, or is busy.</summary>
    private async Task<(int Known, int Online)?> AskGuestAsync(VmName vm, CancellationToken cancellationToken)
    {
        // virsh itself waits for an agent as long as it takes.
        var answer = await shell.RunAsync(
            new RemoteCommand(["timeout", $"{AgentSeconds}", "virsh", "-c", Virsh.Connection, "guestvcpus", vm.Value], Effect.Reads, AgentLimit), cancellationToken);
        return answer is { IsOk: true, Value.ExitCode: 0 } ? SizeFigures.Guest(answer.Value.Output.Split('\n')) : null;
    }

    private HypervisorFault Refused(string message, string advice) => new(FaultKind.Refused, host, message, advice);
}
