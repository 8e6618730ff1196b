using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning.Goals;

namespace Runbooks.Fleet.Planning;

/// <summary>
/// Plans for every goal: one core, one score, one order of moves. Pure and deterministic: the same fleet, request and
/// policy give the same plan, unless the request's time is up earlier.
/// </summary>
public static class FleetPlanner
{
    /// <exception cref="ArgumentException">The request names a host, VM or pool that the fleet does not have, or lacks one that its goal needs.</exception>
    public static Plan Plan(FleetSnapshot fleet, PlanningRequest request, PlannerPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(policy);
        var pools = RequestCheck.Pools(fleet, request);
        var plans = pools.Select(p => PlanPool(new PoolModel(p, fleet, policy, request), request)).ToList();
        // A VM that is on no host yet may go to any pool, but to one only.
        return request.Goal == PlanGoal.Place && plans.Count > 1
            ? plans.Find(p => !p.Moves.IsEmpty) ?? plans[0]
            : Join(fleet, request, plans);
    }

    private static Plan PlanPool(PoolModel model, PlanningRequest request)
    {
        var wish = request.Goal switch
        {
            PlanGoal.Consolidate => Consolidate.Run(model),
            PlanGoal.Deconsolidate => Deconsolidate.Run(model),
            PlanGoal.Balance => Balance.Run(model),
            PlanGoal.Relieve => Relieve.Run(model),
            PlanGoal.Evacuate => Evacuate.Run(model),
            PlanGoal.Place => Place.Run(model),
            PlanGoal.Recover => Recover.Run(model),
            _ => throw new ArgumentException($"There is no goal '{request.Goal}'.", nameof(request)),
        };
        model.Fleet.UndoTo(0);
        return PlanAssembly.Of(model, wish, request.Goal);
    }

    private static Plan Join(FleetSnapshot fleet, PlanningRequest request, List<Plan> plans)
    {
        var goal = request.Goal.ToString().ToLowerInvariant();
        return plans switch
        {
            [] => new Plan(goal, fleet.Hash(), [], [], [], "The fleet has no hosts."),
            [var only] => only,
            _ => new Plan(
                goal,
                fleet.Hash(),
                [.. plans.SelectMany(p => p.Moves).OrderBy(m => m.Wave)],
                [.. plans.SelectMany(p => p.Power).OrderBy(p => p.Wave)],
                [.. plans.SelectMany(p => p.Refusals)],
                string.Join(" ", plans.Select(p => p.Summary)))
            {
                Growths = [.. plans.SelectMany(p => p.Growths)],
                Before = FleetFigures.Join([.. plans.Select(p => p.Before!)]),
                After = FleetFigures.Join([.. plans.Select(p => p.After!)]),
            },
        };
    }
}
