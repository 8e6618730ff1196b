using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>What was seen of a guest's life.</summary>
internal enum GuestSign
{
    /// <summary>Its agent answers.</summary>
    Alive,

    /// <summary>It has no agent; it uses CPU time.</summary>
    Running,

    /// <summary>It gave no sign in the time that it had.</summary>
    Silent,

    /// <summary>It could not be asked.</summary>
    Unknown,
}

/// <summary>A sign, and the words for people.</summary>
internal sealed record GuestLife(GuestSign Sign, string Found)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Waits for a sign of life: an answer of the agent, or, of a guest without one, CPU time that grows. An agent needs a
    /// moment after a move until it is connected again, so silence is only believed at the end.
    /// </summary>
    public static async Task<GuestLife> WaitAsync(EffectContext context, IHypervisor host, VmName vm, TimeSpan within)
    {
        var began = context.Clock.GetTimestamp();
        TimeSpan? before = null;
        for (var first = true; ; first = false)
        {
            var over = !first && context.Clock.GetElapsedTime(began) >= within;
            var answer = await host.AskGuestAsync(vm, context.CancellationToken);
            if (answer is { IsOk: true, Value: GuestAnswer.Alive })
            {
                return new GuestLife(GuestSign.Alive, $"The agent of VM {vm} answers.");
            }

            if (answer is { IsOk: true, Value: GuestAnswer.NoAgent } or { Fault.Kind: FaultKind.Unsupported })
            {
                var seen = await host.ObserveVmAsync(vm, context.CancellationToken);
                if (seen.IsOk && before is { } used && seen.Value.CpuTime > used)
                {
                    return new GuestLife(GuestSign.Running, $"VM {vm} has no agent; it uses CPU time.");
                }

                before ??= seen.IsOk ? seen.Value.CpuTime : null;
                if (over)
                {
                    return seen.IsOk
                        ? new GuestLife(GuestSign.Silent, $"VM {vm} has no agent and has used no CPU time for {within.TotalSeconds:0} s.")
                        : new GuestLife(GuestSign.Unknown, $"It could not be seen whether VM {vm} is alive. {seen.Fault}");
                }
            }
            else if (over)
            {
                return answer.IsOk
                    ? new GuestLife(GuestSign.Silent, $"The agent of VM {vm} has not answered for {within.TotalSeconds:0} s.")
                    : new GuestLife(GuestSign.Unknown, $"It could not be seen whether VM {vm} is alive. {answer.Fault}");
            }

            await Task.Delay(Poll, context.Clock, context.CancellationToken);
        }
    }
}
