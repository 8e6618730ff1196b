using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Answers;
using Runbooks.Hypervisors.Linux;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt;

/// <summary>Reads a host and its VMs: several virsh commands in one call, so that the parts belong to one moment.</summary>
internal sealed class VmReader(LibvirtHost host, Virsh virsh, TimeProvider time)
{
    private const string StatsCommand = "domstats --nowait --state --cpu-total --balloon --vcpu";

    // A VM that comes or goes between two of the parts makes them disagree; then they are read again.
    private const int Tries = 3;

    // The listing comes last: it is what proves absence, and virsh's exit code is that of its last command.
    private static readonly (string Name, string Command)[] Lists =
        [("persistent", "list --all --persistent --name"), ("vms", "list --all --uuid --name")];

    public async Task<Result<HostObservation>> ReadHostAsync(CancellationToken cancellationToken)
    {
        const string what = "nodeinfo, nodecpustats, nodememstats, domstats, list";
        var script = Sections.Script([("node", "nodeinfo"), ("cpu", "nodecpustats"), ("memory", "nodememstats"), ("stats", StatsCommand), .. Lists]);
        var problem = string.Empty;
        for (var i = 0; i < Tries; i++)
        {
            var answer = await ReadPartsAsync(script, what, static _ => false, cancellationToken, "node", "cpu", "memory");
            if (!answer.IsOk)
            {
                return answer.Fault;
            }

            var (at, parts, _) = answer.Value;
            if (!NodeFigures.TryRead(parts["node"], parts["cpu"], parts["memory"], out var node, out problem))
            {
                break;
            }

            if (DomainList.TryRead(at, parts["vms"], parts["persistent"], parts["stats"], out var vms, out problem))
            {
                var memory = host.MemoryMiB ?? node.MemoryMiB;
                return new HostObservation(
                    at, host.Cpus ?? node.Cpus, memory, Math.Min(node.MemoryFreeMiB, memory), node.CpuBusy, node.CpuTotal, vms);
            }
        }

        return Virsh.BadAnswer(host.Name, what, problem);
    }

    public Task<Result<VmObservation>> ReadVmAsync(VmName vm, CancellationToken cancellationToken) =>
        ReadVmAsync(vm, [], static (_, _) => { }, cancellationToken);

    /// <summary>Reads a VM together with other parts, which come first.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="first">The other parts; what virsh complains of in them is for <paramref name="take"/> to judge.</param>
    /// <param name="take">Gets all parts and all complaints of each answer, before the VM is read out of it.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<Result<VmObservation>> ReadVmAsync(
        VmName vm, (string Name, string Command)[] first, Action<Dictionary<string, string[]>, string> take, CancellationToken cancellationToken)
    {
        var what = $"domstats {vm}, list";
        var script = Sections.Script([.. first, ("stats", $"{StatsCommand} {vm.Value}"), .. Lists]);
        var problem = string.Empty;
        for (var i = 0; i < Tries; i++)
        {
            var answer = await ReadPartsAsync(script, what, line => IsExpected(line, vm, first.Length > 0), cancellationToken);
            if (!answer.IsOk)
            {
                return answer.Fault;
            }

            var (at, parts, errors) = answer.Value;
            take(parts, errors);
            if (!DomainList.TryReadNames(parts["vms"], out var names, out problem))
            {
                break;
            }

            if (!names.ContainsKey(vm.Value))
            {
                // Two witnesses: a listing that is merely empty may come from a virsh that is broken.
                if (errors.Contains($"failed to get domain '{vm}'", StringComparison.Ordinal))
                {
                    return new HypervisorFault(FaultKind.NotFound, host.Name, $"There is no VM '{vm}' here.");
                }

                problem = $"list does not tell of '{vm}', and domstats does not say that it is missing";
                continue;
            }

            if (DomainList.TryRead(at, parts["vms"], parts["persistent"], parts["stats"], out var vms, out problem)
                && vms.FirstOrDefault(v => v.Name == vm) is { } found)
            {
                return found;
            }

            problem = problem.Length > 0 ? problem : $"list tells of '{vm}', which domstats does not";
        }

        return Virsh.BadAnswer(host.Name, what, problem);
    }

    /// <summary>A VM that is not there, and, where its job is asked for, one that has none.</summary>
    private static bool IsExpected(string line, VmName vm, bool withJob) =>
        line.Contains($"failed to get domain '{vm}'", StringComparison.Ordinal)
        || (withJob && (line.Contains("domain is not running", StringComparison.Ordinal) || line.Contains("only on the source host", StringComparison.Ordinal)));

    /// <summary>All parts, or a fault if virsh complained of anything that is not expected.</summary>
    private async Task<Result<(DateTimeOffset At, Dictionary<string, string[]> Parts, string Errors)>> ReadPartsAsync(
        string script, string what, Func<string, bool> expected, CancellationToken cancellationToken, params string[] more)
    {
        var at = time.GetUtcNow();
        var answer = await virsh.ReadAsync(script, cancellationToken);
        if (!answer.IsOk)
        {
            return answer.Fault;
        }

        // virsh goes on after a failed command: its exit code alone would let a half answer pass for a whole one.
        var errors = string.Join('\n', answer.Value.Errors.Split('\n').Where(l => l.StartsWith("error:", StringComparison.Ordinal) && !expected(l)));
        if (errors.Length > 0)
        {
            return Virsh.Fault(host.Name, what, errors, Effect.Reads);
        }

        return Sections.TrySplit(answer.Value.Output, out var parts, out var problem, ["stats", .. Lists.Select(l => l.Name), .. more])
            ? (at, parts, answer.Value.Errors)
            : Virsh.BadAnswer(host.Name, what, problem);
    }
}
