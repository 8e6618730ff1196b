using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Tests.Contract;

/// <summary>
/// What every driver keeps: the remarks of <see cref="IHypervisor"/> and <see cref="IHostPower"/>, one test each. A driver
/// derives this class and says how to make its two hosts.
/// </summary>
/// <remarks>Nothing here assumes how fast a host is: every wait is for a condition, with the harness's limit.</remarks>
public abstract partial class HypervisorContract : IAsyncLifetime
{
    /// <summary>Makes the two hosts for one test.</summary>
    protected abstract Task<ContractHarness> CreateAsync();

    private ContractHarness lab = null!;

    private static CancellationToken None => CancellationToken.None;

    public async Task InitializeAsync() => lab = await CreateAsync();

    public async Task DisposeAsync()
    {
        if (lab is not null)
        {
            await lab.DisposeAsync();
        }
    }

    private static void Ok<T>(Result<T> result) => Assert.True(result.IsOk, $"Expected success, got {result}");

    private static HypervisorFault Fault<T>(FaultKind kind, Result<T> result)
    {
        Assert.False(result.IsOk, $"Expected {kind}, got {result}");
        Assert.True(kind == result.Fault.Kind, $"Expected {kind}, got {result}");
        return result.Fault;
    }

    /// <summary>Looks until what is seen pleases, and returns it; a fault on the way counts as not yet.</summary>
    private async Task<T> UntilAsync<T>(string what, Func<Task<Result<T>>> look, Func<T, bool> pleases)
    {
        using var limit = new CancellationTokenSource(lab.Limit);
        var seen = "nothing";
        while (!limit.IsCancellationRequested)
        {
            var result = await look();
            if (result.IsOk && pleases(result.Value))
            {
                return result.Value;
            }

            seen = result.ToString();
            await Task.Delay(lab.Pause);
        }

        Assert.Fail($"Waited {lab.Limit.TotalSeconds:0} s until {what}; last seen: {seen}");
        throw new InvalidOperationException("Not reached.");
    }

    private Task<VmObservation> UntilStateAsync(IHypervisor on, VmName vm, VmState state) =>
        UntilAsync($"{vm} is {state} on {on.Host}", () => on.ObserveVmAsync(vm, None), v => v.State == state);

    private async Task UntilAbsentAsync(IHypervisor on, VmName vm)
    {
        using var limit = new CancellationTokenSource(lab.Limit);
        Result<VmObservation> seen;
        do
        {
            seen = await on.ObserveVmAsync(vm, None);
            if (!seen.IsOk && seen.Fault.Kind == FaultKind.NotFound)
            {
                return;
            }

            await Task.Delay(lab.Pause);
        }
        while (!limit.IsCancellationRequested);

        Assert.Fail($"Waited {lab.Limit.TotalSeconds:0} s until {vm} is gone from {on.Host}; last seen: {seen}");
    }

    private async Task<VmName> RunningOnAAsync(GuestSpec? guest = null)
    {
        var vm = await lab.DefineAsync(guest ?? new GuestSpec());
        Ok(await lab.A.StartAsync(vm, None));
        await UntilStateAsync(lab.A, vm, VmState.Running);
        await lab.UntilGuestIsUpAsync(vm);
        return vm;
    }

    /// <summary>A guest that writes faster than the slow link carries: its copy never ends by itself.</summary>
    private Task<VmName> WritingOnAAsync() =>
        RunningOnAAsync(new GuestSpec(WriteMiBs: lab.SlowMiBs * 3, WorkingSetMiB: 16));

    /// <summary>A host without a limit of bandwidth copies as slowly as it is.</summary>
    private MigrationRequest ToB(VmName vm, int? bandwidth = null, bool hold = false) =>
        new(vm, lab.B.Host, lab.Can(HypervisorFeatures.BandwidthLimit) ? bandwidth : null, hold);

    private Task<MigrationProgress> UntilNoJobAsync(VmName vm) =>
        UntilAsync($"{vm} has no job", () => lab.A.ObserveMigrationAsync(vm, None), p => p.Phase == MigrationPhase.None);

    private Task<MigrationProgress> UntilCopyingAsync(VmName vm) =>
        UntilAsync($"{vm} is being copied", () => lab.A.ObserveMigrationAsync(vm, None), p => p.Phase == MigrationPhase.PreCopy && (p.SentBytes > 0 || !lab.Can(HypervisorFeatures.MigrationProgress)));

    /// <summary>Exactly one copy runs, and it is this one; asked of both hosts.</summary>
    private async Task RunsOnlyOnAsync(IHypervisor here, VmName vm)
    {
        var there = here.Host == lab.A.Host ? lab.B : lab.A;
        await UntilStateAsync(here, vm, VmState.Running);
        var other = await there.ObserveVmAsync(vm, None);
        if (other.IsOk)
        {
            Assert.Equal(VmState.ShutOff, other.Value.State);
        }
        else
        {
            Fault(FaultKind.NotFound, other);
        }
    }
}
