using System.Text;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;
using Runbooks.Hypervisors.Disks;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Libvirt;

/// <summary>The definitions of VMs on one libvirt host.</summary>
/// <param name="host">The host.</param>
/// <param name="domainType">What runs a VM that is defined here; null: what the host offers.</param>
/// <param name="virsh">virsh there.</param>
/// <param name="shell">Runs programs there.</param>
internal sealed class LibvirtDefinitions(HostName host, string? domainType, Virsh virsh, IRemoteShell shell) : IVmDefinitions
{
    public const string Format = "libvirt-xml";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // $1 VM, $2 the definition in base64, $3 its UUID. virsh would overwrite a definition of the same name and UUID, so what is
    // there is looked at first; it is another VM's only when its UUID is another.
    private const string DefineText =
        "if u=$(virsh -c qemu:///system domuuid \"$1\" 2>/dev/null); then u=$(echo \"$u\" | head -n 1); "
        + "[ \"$u\" = \"$3\" ] && exit 0; echo \"error: another VM '$1' is defined here ($u)\" >&2; exit 1; fi; "
        + "f=$(mktemp) && printf %s \"$2\" | base64 -d >\"$f\" || exit 1; virsh -q -c qemu:///system define \"$f\"; r=$?; rm -f \"$f\"; exit $r";

    // $1 VM, $2 what is expected and $3 what takes its place, in base64. Of the result of a command the shell drops the last
    // line breaks, here as there.
    private const string ReplaceText =
        "now=$(virsh -c qemu:///system dumpxml --inactive --security-info \"$1\") || exit $?; new=$(printf %s \"$3\" | base64 -d) || exit 1; [ \"$now\" != \"$new\" ] || exit 0; "
        + "[ \"$now\" = \"$(printf %s \"$2\" | base64 -d)\" ] || { echo \"error: somebody else has changed the definition of '$1'\" >&2; exit 1; }; "
        + "f=$(mktemp) && printf '%s\\n' \"$new\" >\"$f\" || exit 1; virsh -q -c qemu:///system define \"$f\"; r=$?; rm -f \"$f\"; exit $r";

    // What runs VMs here: hardware where it can, else emulation.
    private const string TypeText =
        "for t in kvm qemu; do virsh -c qemu:///system domcapabilities --virttype $t --arch x86_64 >/dev/null 2>&1 && { echo $t; exit 0; }; done; "
        + "virsh -c qemu:///system domcapabilities --virttype qemu --arch x86_64 >/dev/null";

    // $1 VM.
    private const string TiesText =
        "i=$(virsh -c qemu:///system dominfo \"$1\") || exit $?; echo \"$i\" | grep -q '^Managed save: *yes' && echo saved; "
        + "s=$(virsh -c qemu:///system snapshot-list --name \"$1\") || exit $?; for n in $s; do echo \"snapshot $n\"; done; exit 0";

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

        var (name, uuid) = LibvirtLanguage.Identity(definition.Text);
        if (name != vm.Value || uuid is null)
        {
            return new HypervisorFault(FaultKind.Refused, host, $"The definition is of '{name}' ({uuid}), not of VM '{vm}' with a UUID of its own.");
        }

        return (await RunAsync(["sh", "-c", DefineText, "sh", vm.Value, Base64(definition.Text), $"{uuid}"], $"define {vm}", Effect.Changes, cancellationToken)).Map(_ => default(Unit));
    }

    public async Task<Result<Unit>> ReplaceAsync(VmName vm, VmDefinition expected, VmDefinition replacement, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ArgumentNullException.ThrowIfNull(replacement);
        var ((name, uuid), (before, uuidBefore)) = (LibvirtLanguage.Identity(replacement.Text), LibvirtLanguage.Identity(expected.Text));
        if (name != vm.Value || before != vm.Value || uuid is null || uuid != uuidBefore)
        {
            return new HypervisorFault(FaultKind.Refused, host, $"The definitions are of '{before}' ({uuidBefore}) and '{name}' ({uuid}), not both of VM '{vm}'.");
        }

        string[] words = ["sh", "-c", ReplaceText, "sh", vm.Value, Base64(expected.Text.Trim()), Base64(replacement.Text.Trim())];
        return (await RunAsync(words, $"define {vm}", Effect.Changes, cancellationToken)).Map(_ => default(Unit));
    }

    public async Task<Result<VmDefinition>> ComposeAsync(ConvertibleVm vm, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(vm);
        if (domainType is not null)
        {
            return new VmDefinition(Format, LibvirtLanguage.Write(vm, domainType));
        }

        var type = await RunAsync(["sh", "-c", TypeText], "domcapabilities", Effect.Reads, cancellationToken);
        return !type.IsOk ? type.Fault
            : type.Value.Trim() is "kvm" or "qemu" ? new VmDefinition(Format, LibvirtLanguage.Write(vm, type.Value.Trim()))
            : Virsh.BadAnswer(host, "domcapabilities", $"'{type.Value.Trim()}' is not a way of running VMs");
    }

    public async Task<Result<IReadOnlyList<string>>> FindTiesAsync(VmName vm, CancellationToken cancellationToken)
    {
        var answer = await RunAsync(["sh", "-c", TiesText, "sh", vm.Value], $"dominfo {vm}", Effect.Reads, cancellationToken);
        return answer.Map<IReadOnlyList<string>>(said => [.. said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line == "saved"
            ? "Its memory was saved when it was stopped ('managed save'), and would be lost: start it, shut its guest down, and try again."
            : $"It has the {line}, which would be lost: remove it with 'virsh snapshot-delete', and try again.")]);
    }

    public Task<Result<IReadOnlyList<string>>> FindMissingBridgesAsync(ConvertibleVm vm, CancellationToken cancellationToken) =>
        HostBridges.FindMissingAsync(host, shell, vm, cancellationToken);

    private async Task<Result<string>> RunAsync(IReadOnlyList<string> words, string what, Effect effect, CancellationToken cancellationToken)
    {
        var answer = await shell.RunAsync(new RemoteCommand(words, effect, Limit), cancellationToken);
        return !answer.IsOk ? answer.Fault
            : answer.Value.ExitCode == 0 ? answer.Value.Output
            : Virsh.Fault(host, what, answer.Value.Errors, effect);
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
