using System.Xml.Linq;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Answers;
using Runbooks.Hypervisors.Linux.Checks;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt.Checks;

/// <summary>What a libvirt host says before a migration; CPUs are compared by virsh.</summary>
internal sealed class LibvirtMoveChecks(HostName host, IRemoteShell shell, Virsh virsh, PeerWays ways) : LinuxMoveChecks(host, shell, ways)
{
    private const string Compare =
        "case $1 in guest) printf %s \"$2\" | virsh -c qemu:///system hypervisor-cpu-compare --error --virttype \"$3\" --arch \"$4\" --machine \"$5\" /dev/stdin 2>&1; echo \"rc $?\";; "
        + "host) printf %s \"$2\" | virsh -c qemu:///system cpu-compare --error /dev/stdin 2>&1; echo \"rc $?\";; esac";

    protected override async Task<Result<(string? Cpu, IReadOnlyList<string> Disks)>> ReadVmAsync(VmName vm, CancellationToken cancellationToken)
    {
        var domain = await virsh.ReadDomainAsync(vm, cancellationToken);
        if (!domain.IsOk)
        {
            return domain.Fault;
        }

        var hostCpu = CpuNeed.IsOfTheHost(domain.Value) ? await ReadHostCpuAsync(cancellationToken) : null;
        return (CpuNeed.Of(domain.Value, hostCpu)?.ToString(), DomainXml.Disks(domain.Value));
    }

    protected override (string Script, IReadOnlyList<string> Words) AskForCpu(string? cpu) =>
        (Compare, CpuNeed.TryParse(cpu, out var need) ? [need.Kind, need.Xml, need.Type, need.Architecture, need.Machine] : [string.Empty]);

    protected override (CpuFit Fit, string Words) JudgeCpu(string? cpu, IReadOnlyList<string> lines) => CpuNeed.Judge(lines);

    private async Task<XElement?> ReadHostCpuAsync(CancellationToken cancellationToken)
    {
        var answer = await virsh.AskAsync(["capabilities"], cancellationToken);
        return answer.IsOk && SafeXml.TryRead(answer.Value.Output, out var capabilities, out _) ? capabilities.Element("host")?.Element("cpu") : null;
    }
}
