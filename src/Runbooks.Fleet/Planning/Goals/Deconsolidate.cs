using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>When the average load is above Load_max: switches hosts on until it is not, and moves to them what evens out load most.</summary>
internal static class Deconsolidate
{
    public static Wish Run(PoolModel model)
    {
        var wish = new Wish();
        var fleet = model.Fleet;
        var open = Enumerable.Range(0, fleet.HostCount).Where(h => fleet.Host(h).IsOpen).ToList();
        var (used, cores) = (open.Sum(fleet.MeanOf), open.Sum(h => fleet.Host(h).Cores));
        var max = model.Policy.Thresholds.LoadMax;
        if (cores <= 0 || used / cores <= max)
        {
            wish.Summary = $"Pool '{model.Pool}': average load {(cores > 0 ? used / cores : 0):0.000} is not above Load_max {max:0.00}; nothing to do.";
            return wish;
        }

        var before = used / cores;
        var added = new List<int>();
        while (used / cores > max && Relieve.SwitchOn(model, wish, _ => true, $"Average load {before:0.000} is above Load_max {max:0.00}.") is { } on)
        {
            added.Add(on);
            cores += fleet.Host(on).Cores;
        }

        if (added.Count == 0)
        {
            wish.Refusals.Add(new Refusal(model.Pool, $"Average load {before:0.000} is above Load_max {max:0.00}, and no host is off that could be switched on.") { Blockade = new Blockade([Constraint.HostClosed], true, []) });
        }
        else
        {
            new Spread(model, [.. open, .. added], model.Policy.Balance, added).Run(wish, null, model.Request.MaxMoves ?? int.MaxValue);
            wish.Refusals.AddRange(model.Bound());
        }

        wish.Summary = $"Pool '{model.Pool}': average load {before:0.000} is above Load_max {max:0.00}; {added.Count} hosts are switched on and take {wish.Moves.Count} VMs.";
        return wish;
    }
}
