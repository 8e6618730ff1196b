using Runbooks.Activities.Consolidation;
using Runbooks.Activities.Conversion;
using Runbooks.Activities.Evacuation;
using Runbooks.Activities.Migration;
using Runbooks.Activities.Networks;
using Runbooks.Activities.Power;
using Runbooks.Activities.Scaling;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities;

/// <summary>Puts the fleet's activities into a registry.</summary>
public static class FleetActivities
{
    public static ActivityRegistry AddFleetActivities(this ActivityRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return registry
            .Add<CheckMigration>().Add<ChooseMode>().Add<ReserveCapacity>().Add<TakeTurn>().Add<PreCopy>().Add<StopAndCopy>().Add<CommitMigration>().Add<ActivateVm>()
            .Add<PrepareNetworks>().Add<RemoveUnusedNetworks>()
            .Add<PlanConsolidation>().Add<PlanEvacuation>().Add<CordonHost>().Add<UncordonHost>()
            .Add<PowerOffHost>().Add<PowerOnHost>().Add<FenceHost>()
            .Add<CheckScaling>().Add<ReserveScaling>().Add<ScaleVcpus>().Add<ScaleMemory>().Add<VerifyScaling>().Add<ReleaseScaling>()
            .Add<CheckConversion>().Add<StopForConversion>().Add<HoldSource>().Add<CopyFiles>().Add<DefineConverted>().Add<StartConverted>().Add<WaitForBoot>().Add<RetireSource>();
    }
}
