using System.Reflection;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Runs;
using static Runbooks.Faults.FleetUnderTest;

namespace Runbooks.Faults;

/// <summary>
/// A destination that keeps half a copy, paused, after nobody moves the VM any more: a Xen host whose source was cut off, or
/// whose xl died. It is looked at for 20 s, 80 looks, before it is ended.
/// </summary>
public sealed class HalfCopyTests
{
    private const int LooksBefore = 80;

    [Theory]
    [InlineData(MigrationMishap.JobIsLost, true)]
    [InlineData(MigrationMishap.JobIsLost, false)]
    [InlineData(MigrationMishap.StrandedBeforeCommit, true)]
    public async Task Half_a_copy_that_nobody_will_start_is_ended_after_a_while_and_the_guest_goes_on_at_the_source(MigrationMishap mishap, bool endsOnlyHalfCopies)
    {
        using var fleet = await CreateAsync();
        var hosts = KeepingHalf.In(fleet, endsOnlyHalfCopies);
        fleet.Fleet.Faults.Add(new MigrationFault(mishap, Vm1));

        var run = await fleet.MigrateAsync(Vm1, Host2);

        Assert.Equal((RunStatus.Compensated, Host1, ""), (run.Status, fleet.HomeOf(Vm1), await fleet.BrokenInvariantsAsync()));
        Assert.Equal((1, LooksBefore), (hosts.Destroyed, hosts.Looks));
    }

    [Fact]
    public async Task Half_a_copy_of_a_guest_that_stands_still_is_left_to_a_person_where_ending_it_could_end_one_that_starts()
    {
        using var fleet = await CreateAsync();
        var hosts = KeepingHalf.In(fleet, endsOnlyHalfCopies: false);
        fleet.Fleet.Faults.Add(new MigrationFault(MigrationMishap.StrandedBeforeCommit, Vm1));

        var run = await fleet.MigrateAsync(Vm1, Host2);

        Assert.Equal((RunStatus.NeedsAttention, 0), (run.Status, hosts.Destroyed));
        Assert.Equal(VmState.Paused, Assert.Single(fleet.Fleet.CopiesOf(Vm1)).State);
    }

    [Fact]
    public async Task A_copy_that_starts_just_before_it_is_ended_has_moved()
    {
        using var fleet = await CreateAsync();
        var hosts = KeepingHalf.In(fleet, endsOnlyHalfCopies: true);
        hosts.HasStarted = true;
        fleet.Fleet.Faults.Add(new MigrationFault(MigrationMishap.StrandedAfterCommit, Vm1));

        var run = await fleet.MigrateAsync(Vm1, Host2);

        Assert.Equal((RunStatus.Finished, Host2, ""), (run.Status, fleet.HomeOf(Vm1), await fleet.BrokenInvariantsAsync()));
        Assert.Equal((1, LooksBefore), (hosts.Destroyed, hosts.Looks));
    }

    /// <summary>The hosts of a fleet, of which the second keeps half a copy of a VM that was on its way there until it is ended.</summary>
    public class KeepingHalf : DispatchProxy
    {
        private IHypervisorDirectory inner = null!;
        private bool endsOnlyHalfCopies;

        /// <summary>The half copy is there.</summary>
        public bool IsKept { get; set; }

        /// <summary>It has started when it is to be ended, so it is left alone.</summary>
        public bool HasStarted { get; set; }

        /// <summary>How often it was ended.</summary>
        public int Destroyed { get; set; }

        /// <summary>How often nothing else was seen than that it is there and nobody moves it, before it was ended.</summary>
        public int Looks { get; set; }

        /// <summary>The source said last that it moves the VM.</summary>
        public bool IsMoving { get; set; } = true;

        internal static KeepingHalf In(FleetUnderTest fleet, bool endsOnlyHalfCopies)
        {
            var hosts = Create<IHypervisorDirectory, KeepingHalf>();
            var self = (KeepingHalf)(object)hosts;
            (self.inner, self.endsOnlyHalfCopies) = (fleet.Fleet.Directory, endsOnlyHalfCopies);
            _ = fleet.Engine.With(hosts);
            return self;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            var answer = targetMethod!.Invoke(inner, args);
            return answer is IHypervisor hypervisor ? Host.Of(hypervisor, this, endsOnlyHalfCopies) : answer;
        }
    }

    /// <summary>One host of them.</summary>
    public class Host : DispatchProxy
    {
        private IHypervisor inner = null!;
        private KeepingHalf all = null!;
        private bool endsOnlyHalfCopies;

        public static IHypervisor Of(IHypervisor inner, KeepingHalf all, bool endsOnlyHalfCopies)
        {
            var host = Create<IHypervisor, Host>();
            var self = (Host)(object)host;
            (self.inner, self.all, self.endsOnlyHalfCopies) = (inner, all, endsOnlyHalfCopies);
            return host;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            var isDestination = inner.Host == Host2;
            switch (targetMethod!.Name)
            {
                case "get_" + nameof(IHypervisor.Features):
                    return inner.Features | (endsOnlyHalfCopies ? HypervisorFeatures.EndsOnlyHalfCopies : default);
                case nameof(IHypervisor.StartMigrationAsync):
                    all.IsKept = true;
                    break;
                case nameof(IHypervisor.ObserveMovingVmAsync) when !isDestination:
                    return NoteAsync((Task<(Result<MigrationProgress> Job, Result<VmObservation> Vm)>)targetMethod.Invoke(inner, args)!);
                case nameof(IHypervisor.ObserveVmAsync) when isDestination && all.IsKept:
                    return HalfAsync((VmName)args![0]!, (CancellationToken)args[1]!);
                case nameof(IHypervisor.DestroyAsync) when isDestination && all.IsKept:
                    (all.IsKept, all.Destroyed) = (false, all.Destroyed + 1);
                    if (all.HasStarted)
                    {
                        return Task.FromResult<Result<Unit>>(default(Unit));
                    }

                    break;
            }

            return targetMethod.Invoke(inner, args);
        }

        private async Task<(Result<MigrationProgress> Job, Result<VmObservation> Vm)> NoteAsync(Task<(Result<MigrationProgress> Job, Result<VmObservation> Vm)> asked)
        {
            var answer = await asked;
            all.IsMoving = answer.Job is { IsOk: true, Value.Phase: not MigrationPhase.None };
            return answer;
        }

        private async Task<Result<VmObservation>> HalfAsync(VmName vm, CancellationToken cancellationToken)
        {
            all.Looks = all.IsMoving ? 0 : all.Looks + 1;
            var seen = await inner.ObserveVmAsync(vm, cancellationToken);
            var half = new VmObservation(DateTimeOffset.UnixEpoch, vm, Guid.Empty, VmState.Paused, "migrating", false, 1, 1024, TimeSpan.Zero, null);
            return seen.IsOk ? seen.Value with { State = half.State, StateReason = half.StateReason } : half;
        }
    }
}
