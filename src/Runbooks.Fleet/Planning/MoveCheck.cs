using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning.Goals;

namespace Runbooks.Fleet.Planning;

/// <summary>Looks at a planned move again, right before it starts: the fleet may have changed since the plan was made.</summary>
public static class MoveCheck
{
    /// <summary>The move may start in the fleet as it is now.</summary>
    public static bool StillAllowed(Move move, FleetSnapshot now, PlannerPolicy policy, PlanGoal goal = PlanGoal.Balance) => WhyNot(move, now, policy, goal) is null;

    /// <summary>Why the move may not start any more; null when it may.</summary>
    /// <param name="move">The move, as planned.</param>
    /// <param name="now">The fleet as it is now.</param>
    /// <param name="policy">The policy that the plan was made by.</param>
    /// <param name="goal">What the plan is for: an evacuation does not wait until a VM has settled, for example.</param>
    public static Refusal? WhyNot(Move move, FleetSnapshot now, PlannerPolicy policy, PlanGoal goal)
    {
        ArgumentNullException.ThrowIfNull(move);
        ArgumentNullException.ThrowIfNull(now);
        ArgumentNullException.ThrowIfNull(policy);
        if (now.FindHost(move.To) is not { } to)
        {
            return No(move, Constraint.HostClosed, $"Host {move.To} is no longer in the fleet.");
        }

        if (now.FindVm(move.Vm) is not { } vm)
        {
            return No(move, Constraint.Immovable, $"VM {move.Vm} is no longer in the fleet.");
        }

        if (vm.Host != move.From)
        {
            return No(move, Constraint.Immovable, $"VM {move.Vm} is on '{vm.Host}' now, not on '{move.From}'; the plan is out of date.");
        }

        var model = new PoolModel(to.Pool, now, policy, new PlanningRequest(goal) { Vm = move.Vm, Host = move.From == default ? null : move.From });
        var index = Enumerable.Range(0, model.Vms.Count).FirstOrDefault(v => model.Vms[v].Name == move.Vm, -1);
        if (index < 0)
        {
            return No(move, Constraint.Immovable, $"VM {move.Vm} does not run in pool '{to.Pool}'.");
        }

        return model.IsMovable(index) ? Fits(move, model, index) : model.Fixed(index);
    }

    private static Refusal? Fits(Move move, PoolModel model, int vm)
    {
        // VMs that stay together move one after the other within a wave, so between two of them that rule does not hold.
        var to = model.IndexOf(move.To);
        var broken = model.Broken(vm, to).Remove(Constraint.Together);
        if (!broken.IsEmpty)
        {
            return new Refusal(move.Vm.Value, $"{move.To} can't take {move.Vm} any more: {string.Join(", ", broken)}.") { Blockade = Blockade.Of([(move.To, broken)]) };
        }

        if (model.Policy.HostFailure == HostFailureRule.Off)
        {
            return null;
        }

        model.Fleet.Move(vm, to);
        var failures = model.Failure.Failures();
        return failures > model.Before.N1Failures
            ? No(move, Constraint.HostFailure, $"With {move.Vm} on {move.To} the VMs of {failures} hosts would find no room if their host failed; now it is {model.Before.N1Failures}.")
            : null;
    }

    private static Refusal No(Move move, Constraint kind, string reason) =>
        new(move.Vm.Value, reason) { Blockade = new Blockade([kind], true, []) };
}
