using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>
/// The definition of a VM that has arrived. A hypervisor brings it along, but one that was killed right after the guest had
/// arrived may not have; then it is taken from the source, before anything is removed there.
/// </summary>
internal static class ArrivedDefinition
{
    /// <summary>Null when the destination has the definition; else why not.</summary>
    public static async Task<string?> EnsureAsync(EffectContext context, MigrationRoute route)
    {
        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        var (source, destination) = (hosts.Hypervisor(route.Source), hosts.Hypervisor(route.Destination));
        var arrived = await destination.ObserveVmAsync(route.Vm, context.CancellationToken);
        if (!arrived.IsOk || arrived.Value.Persistent != false)
        {
            return arrived.IsOk ? null : $"Whether {route.Destination} has the definition of {route.Vm} can't be seen. {arrived.Fault}";
        }

        var without = $"{route.Vm} runs on {route.Destination}, which has no definition of it and would forget it when it stops";
        if (source.Definitions is not { } from || destination.Definitions is not { } to)
        {
            return $"{without}. Define it there by hand; its definition on {route.Source} is kept until then.";
        }

        var definition = await from.ReadAsync(route.Vm, context.CancellationToken);
        if (!definition.IsOk)
        {
            return $"{without}; the one on {route.Source} can't be read. {definition.Fault}";
        }

        await context.EnsureOwnedAsync();
        var defined = await to.DefineAsync(route.Vm, definition.Value, context.CancellationToken);
        return defined.IsOk ? null : $"{without}. {defined.Fault}";
    }
}
