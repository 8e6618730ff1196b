using Runbooks.Activities.Consolidation;
using Runbooks.Activities.Migration;
using Runbooks.Activities.Power;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities;

/// <summary>Puts the fleet's activities into a registry.</summary>
public static class FleetActivities
{
    public static ActivityRegistry AddFleetActivities(this ActivityRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return registry
            .Add<CheckMigration>().Add<ChooseMode>().Add<ReserveCapacity>().Add<PreCopy>().Add<StopAndCopy>().Add<CommitMigration>().Add<ActivateVm>()
            .Add<PlanConsolidation>().Add<CordonHost>().Add<UncordonHost>()
            .Add<PowerOffHost>().Add<PowerOnHost>().Add<FenceHost>();
    }
}
