using System.Globalization;
using Runbooks.Faults.Simulation;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Model;

/// <summary>Plays a scenario: wishes and disturbances, then everything is mended and an operator asks to try again.</summary>
internal sealed class Story(Scenario scenario, Installation installation)
{
    private readonly List<RunId> runs = [];
    private readonly HashSet<VmName> harmed = [];
    private readonly HashSet<HostName> dark = [];
    private int outages;
    private bool over;

    /// <summary>VMs that somebody or something outside has stopped or removed; nobody promises that they run.</summary>
    public IReadOnlySet<VmName> Harmed => harmed;

    /// <summary>Wishes that gave more than one run for one key.</summary>
    public List<string> Doubles { get; } = [];

    public async Task TellAsync()
    {
        foreach (var host in scenario.Hosts)
        {
            installation.Fleet.AddHost(host);
        }

        foreach (var (host, vm) in scenario.Vms)
        {
            installation.Fleet.AddVm(host, vm);
        }

        installation.Fleet.Faults.OnOperation = PassAsync;
        for (var i = 0; i < scenario.Workers; i++)
        {
            installation.AddWorker().Recovery = () => TimeSpan.FromMilliseconds(installation.Loop.Random.Next(100, 60_000));
        }

        installation.Loop.AfterStep = DieAtRandom;
        await Task.WhenAll([.. scenario.Wishes.Select((w, i) => WishAsync(w, i)), .. scenario.Disturbances.Select(DisturbAsync)]);
        await MendAsync();
        await installation.RestAsync();
        for (var attempt = 1; attempt <= 3 && await RetryAsync(attempt); attempt++)
        {
            await Task.Delay(TimeSpan.FromSeconds(2), installation.Loop.Time);
            await installation.RestAsync();
        }
    }

    /// <summary>An answer may take a while; what was asked has happened before. Nothing stands between the last look and the act.</summary>
    private async ValueTask PassAsync(OperationPoint point, CancellationToken cancellationToken)
    {
        if (point.Phase == OperationPhase.After && installation.Loop.Random.Next(4) == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(installation.Loop.Random.Next(1, 200)), installation.Loop.Time, cancellationToken);
        }
    }

    private void DieAtRandom()
    {
        if (!over && scenario.DeathsPerStep > 0 && installation.Loop.Random.NextDouble() < scenario.DeathsPerStep)
        {
            Pick(installation.Workers, installation.Loop.Random.Next(1000)).Kill("at random");
        }
    }

    private async Task WishAsync(Wish wish, int index)
    {
        await Task.Delay(wish.At, installation.Loop.Time);
        RunId? first = null;
        for (var i = 0; i < wish.Times; i++)
        {
            if (await installation.StartAsync(wish.Runbook, wish.Input, $"wish-{index}") is StartAnswer.Accepted accepted)
            {
                first ??= accepted.RunId;
                if (first != accepted.RunId)
                {
                    Doubles.Add($"Wish {index} for {wish.Runbook} was made into two runs.");
                }
            }
        }

        if (first is { } run)
        {
            runs.Add(run);
        }
    }

    private async Task DisturbAsync(Disturbance disturbance)
    {
        await Task.Delay(disturbance.At, installation.Loop.Time);
        installation.Write($"disturbance {disturbance}");
        var host = Pick(scenario.Hosts, disturbance.Index).Name;
        var vm = Pick(scenario.Vms, disturbance.Index).Vm.Name;
        switch (disturbance.Kind)
        {
            case DisturbanceKind.WorkerDies:
                Pick(installation.Workers, disturbance.Index).Kill("killed");
                break;
            case DisturbanceKind.WorkerFreezes:
                var process = Pick(installation.Workers, disturbance.Index).Process;
                process.Freeze();
                await Task.Delay(disturbance.For, installation.Loop.Time);
                process.Thaw();
                break;
            case DisturbanceKind.StoreIsAway:
                outages++;
                installation.Store.Away = true;
                await Task.Delay(disturbance.For, installation.Loop.Time);
                installation.Store.Away = --outages > 0;
                break;
            case DisturbanceKind.RunIsCancelled or DisturbanceKind.RunIsCancelledTwice when runs.Count > 0:
                await CancelAsync(disturbance, Pick(runs, disturbance.Index));
                break;
            case DisturbanceKind.RunIsPaused when runs.Count > 0:
                var paused = Pick(runs, disturbance.Index);
                _ = await AskAsync(disturbance, StimulusKind.Pause, paused);
                await Task.Delay(disturbance.For, installation.Loop.Time);
                _ = await AskAsync(disturbance, StimulusKind.Continue, paused);
                break;
            case DisturbanceKind.RunIsUndone when runs.Count > 0:
                _ = await AskAsync(disturbance, StimulusKind.Compensate, Pick(runs, disturbance.Index));
                break;
            case DisturbanceKind.GuestCrashes or DisturbanceKind.GuestIsDeleted:
                await HarmAsync(vm, disturbance.Kind == DisturbanceKind.GuestIsDeleted);
                break;
            case DisturbanceKind.HostIsCut:
                installation.Fleet.Cut(host);
                await Task.Delay(disturbance.For, installation.Loop.Time);
                installation.Fleet.Heal(host);
                break;
            case DisturbanceKind.HostLosesPower when installation.Fleet.PowerOf(host) == PowerState.On:
                // Every VM that has anything to do with the host may have been there at this moment.
                harmed.UnionWith(scenario.Vms.Select(v => v.Vm.Name).Where(v => installation.Fleet.CopiesOf(v).Any(c => c.Host == host)));
                _ = dark.Add(host);
                installation.Fleet.LosePower(host);
                break;
            case DisturbanceKind.RequestGoesWrong:
                installation.Fleet.Faults.Add(Pick(scenario.Requests, disturbance.Index));
                break;
            case DisturbanceKind.MigrationGoesWrong:
                Mishap(Pick(scenario.Mishaps, disturbance.Index));
                break;
        }
    }

    private void Mishap(MigrationFault fault)
    {
        if (fault.Mishap is MigrationMishap.SourceGuestDies or MigrationMishap.SourceHostDies or MigrationMishap.DestinationHostDies)
        {
            // It may strike any migration, and with a host all VMs on it.
            harmed.UnionWith(scenario.Vms.Select(v => v.Vm.Name));
            dark.UnionWith(scenario.Hosts.Select(h => h.Name));
        }

        installation.Fleet.Faults.Add(fault);
    }

    private async Task CancelAsync(Disturbance disturbance, RunId run)
    {
        for (var i = 0; i < (disturbance.Kind == DisturbanceKind.RunIsCancelledTwice ? 2 : 1); i++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"cancel-{disturbance.At.Ticks}-{i}");
            _ = await installation.SendAsync(new Stimulus(id, run, StimulusKind.Cancel, null, null, "simulation", "By chance."));
            await Task.Delay(disturbance.For / 8, installation.Loop.Time);
        }
    }

    private Task<bool> AskAsync(Disturbance disturbance, StimulusKind kind, RunId run) => installation.SendAsync(
        new Stimulus(string.Create(CultureInfo.InvariantCulture, $"{kind}-{disturbance.At.Ticks}"), run, kind, null, null, "simulation", "By chance."));

    private async Task HarmAsync(VmName vm, bool delete)
    {
        _ = harmed.Add(vm);
        while (installation.Fleet.CopiesOf(vm).FirstOrDefault(c => c.State is VmState.Running or VmState.Paused) is { } copy)
        {
            installation.Fleet.CrashGuest(copy.Host, vm);
            if (delete)
            {
                _ = await installation.Fleet.Directory.Hypervisor(copy.Host).UndefineAsync(vm, CancellationToken.None);
            }
        }
    }

    /// <summary>Everything works again: what is not well after this is the product's doing.</summary>
    private async Task MendAsync()
    {
        installation.Write("everything is mended");
        over = true;
        installation.Faults.End();
        installation.Fleet.Faults.Clear();
        installation.Store.Away = false;
        foreach (var host in dark.Order())
        {
            _ = await installation.Fleet.Directory.Power(host).PowerOnAsync(CancellationToken.None);
        }

        do
        {
            // As long as a host needs to boot.
            await Task.Delay(TimeSpan.FromSeconds(3), installation.Loop.Time);
        }
        while (installation.Workers.Any(w => !w.IsUp));
    }

    /// <summary>An operator asks every run that needs attention to look again. False when there is none.</summary>
    private async Task<bool> RetryAsync(int attempt)
    {
        var waiting = await installation.Kept.ListAsync(new RunFilter { Status = RunStatus.NeedsAttention, Limit = RunFilter.HighestLimit }, CancellationToken.None);
        foreach (var run in waiting)
        {
            _ = await installation.SendAsync(new Stimulus(string.Create(CultureInfo.InvariantCulture, $"retry-{run.Id}-{attempt}"), run.Id, StimulusKind.Retry, null, null, "operator", null));
        }

        return waiting.Count > 0;
    }

    private static T Pick<T>(IReadOnlyList<T> from, int index) => from[index % from.Count];
}
