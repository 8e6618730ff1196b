using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Linux.Checks;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Xen;

/// <summary>
/// What a Xen host says before a migration. xl itself looks at nothing: a disk that the destination does not have shows when
/// all memory has been copied, and one that is another file shows in the guest.
/// </summary>
internal sealed class XenMoveChecks(XenHost host, IRemoteShell shell, XenConfigReader configurations, PeerWays ways) : LinuxMoveChecks(host.Name, shell, ways)
{
    protected override async Task<Result<(string? Cpu, IReadOnlyList<string> Disks)>> ReadVmAsync(VmName vm, CancellationToken cancellationToken)
    {
        var seen = await configurations.ReadDevicesAsync(vm, cancellationToken);
        return seen.IsOk ? (seen.Value.Cpu, seen.Value.Devices.Disks) : seen.Fault;
    }

    protected override (string Script, IReadOnlyList<string> Words) AskForCpu(string? cpu) => (XenCpu.Script, []);

    protected override (CpuFit Fit, string Words) JudgeCpu(string? cpu, IReadOnlyList<string> lines) => XenCpu.Judge(cpu, lines);
}
