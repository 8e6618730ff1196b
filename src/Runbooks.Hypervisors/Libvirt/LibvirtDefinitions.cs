using System.Text;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt;

/// <summary>The definitions of VMs on one libvirt host.</summary>
internal sealed class LibvirtDefinitions(HostName host, Virsh virsh, IRemoteShell shell) : IVmDefinitions
{
    public const string Format = "libvirt-xml";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // $1 VM, $2 the definition in base64, $3 its UUID. virsh would overwrite a definition of the same name and UUID, so what is
    // there is looked at first; it is another VM's only when its UUID is another.
    private const string DefineText =
        "if u=$(virsh -c qemu:///system domuuid \"$1\" 2>/dev/null); then u=$(echo \"$u\" | head -n 1); "
        + "[ \"$u\" = \"$3\" ] && exit 0; echo \"error: another VM '$1' is defined here ($u)\" >&2; exit 1; fi; "
        + "f=$(mktemp) && printf %s \"$2\" | base64 -d >\"$f\" || exit 1; virsh -q -c qemu:///system define \"$f\"; r=$?; rm -f \"$f\"; exit $r";

    public async Task<Result<VmDefinition>> ReadAsync(VmName vm, CancellationToken cancellationToken)
    {
        var answer = await virsh.ReadAsync($"dumpxml --inactive --security-info {vm.Value}", cancellationToken);
        return !answer.IsOk ? answer.Fault
            : answer.Value.Output.Contains("<domain", StringComparison.Ordinal) ? new VmDefinition(Format, answer.Value.Output.Trim())
            : Virsh.BadAnswer(host, $"dumpxml {vm}", "there is no domain in the answer");
    }

    public async Task<Result<Unit>> DefineAsync(VmName vm, VmDefinition definition, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(definition);
        if (definition.Format != Format)
        {
            return new HypervisorFault(FaultKind.Unsupported, host, $"A libvirt host takes definitions in its own language, not '{definition.Format}'.", "Convert it first.");
        }

        var (name, uuid) = Conversion.LibvirtLanguage.Identity(definition.Text);
        if (name != vm.Value || uuid is null)
        {
            return new HypervisorFault(FaultKind.Refused, host, $"The definition is of '{name}' ({uuid}), not of VM '{vm}' with a UUID of its own.");
        }

        var text = Convert.ToBase64String(Encoding.UTF8.GetBytes(definition.Text));
        var answer = await shell.RunAsync(new RemoteCommand(["sh", "-c", DefineText, "sh", vm.Value, text, $"{uuid}"], Effect.Changes, Limit), cancellationToken);
        return !answer.IsOk ? answer.Fault
            : answer.Value.ExitCode == 0 ? default(Unit)
            : Virsh.Fault(host, $"define {vm}", answer.Value.Errors, Effect.Changes);
    }
}
