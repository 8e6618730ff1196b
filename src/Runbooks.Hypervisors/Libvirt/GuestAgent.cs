using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Libvirt;

/// <summary>Asks QEMU's agent in a guest for a sign of life.</summary>
internal static class GuestAgent
{
    /// <summary>How long a guest may take to answer, s; a busy one is slow, not dead, so callers ask again.</summary>
    private const int PatienceSeconds = 2;

    public static async Task<Result<GuestAnswer>> AskAsync(Virsh virsh, VmName vm, CancellationToken cancellationToken)
    {
        var answer = await virsh.AskAsync(["qemu-agent-command", "--timeout", $"{PatienceSeconds}", vm.Value, """{"execute":"guest-ping"}"""], cancellationToken);
        return answer.IsOk ? GuestAnswer.Alive
            : answer.Fault.Kind is not (FaultKind.Refused or FaultKind.Unsupported) ? answer.Fault

            // A channel that nobody in the guest has opened is what a guest without the agent looks like, too.
            : Says("agent is not configured") || Says("agent is not connected") ? GuestAnswer.NoAgent
            : Says("agent is not responding") || Says("agent is not available") || Says("guest agent") ? GuestAnswer.Silent
            : answer.Fault;

        bool Says(string text) => answer.Fault!.Message.Contains(text, StringComparison.OrdinalIgnoreCase);
    }
}
