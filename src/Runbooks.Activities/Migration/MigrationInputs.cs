using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>What every stage of a migration is told: which VM, from where, to where.</summary>
internal sealed record MigrationRoute(VmName Vm, HostName Source, HostName Destination)
{
    /// <summary>Reads the three names, or says which is wrong.</summary>
    public static (MigrationRoute? Route, string? Problem) Read(EffectContext context, Input<string> vm, Input<string> source, Input<string> destination)
    {
        var hosts = context.GetRequiredService<IHypervisorDirectory>();
        if (FleetNames.TryVm(context.Get(vm), out var name) is { } wrongVm)
        {
            return (null, wrongVm);
        }

        if (FleetNames.TryHost(hosts, context.Get(source), "source", out var from) is { } wrongSource)
        {
            return (null, wrongSource);
        }

        if (FleetNames.TryHost(hosts, context.Get(destination), "destination", out var to) is { } wrongDestination)
        {
            return (null, wrongDestination);
        }

        return from == to
            ? (null, $"Source and destination are the same host, '{from}'.")
            : (new MigrationRoute(name, from, to), null);
    }

    public Task<MigrationPlace> LookAsync(EffectContext context, CancellationToken cancellationToken) => LookAsync(context, MigrationObserver.LookAsync, cancellationToken);

    /// <summary>As <see cref="LookAsync(EffectContext, CancellationToken)"/>, faster where the VM has probably moved.</summary>
    public Task<MigrationPlace> LookForArrivalAsync(EffectContext context, CancellationToken cancellationToken) => LookAsync(context, MigrationObserver.LookForArrivalAsync, cancellationToken);

    private async Task<MigrationPlace> LookAsync(
        EffectContext context, Func<IHypervisorDirectory, VmName, HostName, HostName, CancellationToken, Task<MigrationPlace>> look, CancellationToken cancellationToken)
    {
        var started = context.Clock.GetTimestamp();
        return await look(context.GetRequiredService<IHypervisorDirectory>(), Vm, Source, Destination, cancellationToken) switch
        {
            MigrationPlace.Unclear unclear => unclear with { Took = context.Clock.GetElapsedTime(started) },
            MigrationPlace.Alarming alarming => new MigrationPlace.Alarming($"{alarming.Found} Its source is {Source}, its destination {Destination}."),
            var place => place,
        };
    }
}

/// <summary>Turns text from a definition into names of the fleet; the message says what is wrong and what there is.</summary>
internal static class FleetNames
{
    public static string? TryVm(string? text, out VmName name) =>
        VmName.TryParse(text, out name) ? null : $"'{text}' is not the name of a VM.";

    public static string? TryHost(IHypervisorDirectory hosts, string? text, string role, out HostName name)
    {
        if (!HostName.TryParse(text, out name))
        {
            return $"The {role} '{text}' is not the name of a host.";
        }

        var found = name;
        return hosts.Hosts.Any(h => h.Name == found)
            ? null
            : $"The {role} '{text}' is not a host of this fleet. Its hosts: {string.Join(", ", hosts.Hosts.Select(h => h.Name))}.";
    }
}
