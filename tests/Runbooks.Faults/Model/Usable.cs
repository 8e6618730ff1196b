using Runbooks.Faults.Simulation;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Model;

/// <summary>After everything a VM can still be moved, stopped and started.</summary>
internal static class Usable
{
    public static IReadOnlyList<string> Check(Installation installation, Scenario scenario, IReadOnlySet<VmName> harmed)
    {
        var problems = new List<string>();
        installation.Play(
            async () =>
            {
                var closed = (await installation.Modes.ListAsync(CancellationToken.None)).Select(m => m.Host).ToHashSet();
                if (Candidates(installation, scenario, harmed).Where(c => !closed.Contains(c.To)).Select(c => ((VmName, HostName, HostName)?)c).FirstOrDefault() is var (vm, from, to))
                {
                    problems.AddRange(await MoveAsync(installation, vm, to));
                    problems.AddRange(await RestartAsync(installation, vm, problems.Count == 0 ? to : from));
                }
            },
            TimeSpan.FromHours(1));
        return problems;
    }

    /// <summary>Moves that nothing stands in the way of.</summary>
    private static IEnumerable<(VmName Vm, HostName From, HostName To)> Candidates(Installation installation, Scenario scenario, IReadOnlySet<VmName> harmed) =>
        from entry in scenario.Vms
        let vm = entry.Vm
        where !harmed.Contains(vm.Name)
        let copies = installation.Fleet.CopiesOf(vm.Name)
        where copies.Count == 1 && copies[0].State == VmState.Running
        from host in scenario.Hosts
        where host.Name != copies[0].Host && installation.Fleet.PowerOf(host.Name) == PowerState.On
            && host.MemoryMiB - scenario.Vms.Where(v => installation.Fleet.CopiesOf(v.Vm.Name).Any(c => c.Host == host.Name)).Sum(v => v.Vm.MemoryMiB) > vm.MemoryMiB + 1024
        select (vm.Name, copies[0].Host, host.Name);

    private static async Task<string[]> MoveAsync(Installation installation, VmName vm, HostName to)
    {
        var answer = (StartAnswer.Accepted)await installation.StartAsync("migrate-vm", FleetUnderTest.Move(vm, to), "afterwards");
        await installation.RestAsync();
        var run = await installation.Kept.FindAsync(answer.RunId, CancellationToken.None);
        return run!.Status == RunStatus.Finished ? [] : [$"VM {vm} can't be moved to {to} any more: {run.Status}, {run.Reason}"];
    }

    private static async Task<string[]> RestartAsync(Installation installation, VmName vm, HostName on)
    {
        var host = installation.Fleet.Directory.Hypervisor(on);
        _ = await host.ShutDownAsync(vm, CancellationToken.None);
        await Task.Delay(TimeSpan.FromSeconds(10), installation.Loop.Time);
        var off = await host.ObserveVmAsync(vm, CancellationToken.None);
        var started = await host.StartAsync(vm, CancellationToken.None);
        return off is { IsOk: true, Value.State: VmState.ShutOff } && started.IsOk ? [] : [$"VM {vm} can't be stopped and started on {on} any more: {off}, {started}"];
    }
}
