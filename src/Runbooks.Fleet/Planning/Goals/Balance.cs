using System.Collections.Immutable;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning.Core;

namespace Runbooks.Fleet.Planning.Goals;

/// <summary>Makes load even with few moves: each is the one that lowers the score most, and a VM that moves already may only go elsewhere instead.</summary>
internal static class Balance
{
    public static Wish Run(PoolModel model)
    {
        var wish = new Wish();
        var hosts = Enumerable.Range(0, model.Fleet.HostCount).Where(h => model.Fleet.Host(h).IsOpen).ToList();
        var target = model.Request.TargetSd;

        // A target is on CPU alone; then nothing else may cost moves.
        var weights = target is null ? model.Policy.Balance : new ScoreWeights { CpuSpread = 1 };
        var spread = new Spread(model, hosts, weights);
        spread.Run(wish, target, model.Request.MaxMoves ?? int.MaxValue);
        for (var v = 0; v < model.Fleet.VmCount; v++)
        {
            if (!model.IsMovable(v))
            {
                wish.Refusals.Add(model.Fixed(v));
            }
        }

        wish.Refusals.AddRange(model.Bound());
        var after = model.Figures(ImmutableHashSet<int>.Empty);
        wish.Summary = $"Pool '{model.Pool}': {wish.Moves.Count} moves take the deviation of CPU shares from {model.Before.CpuSd:0.0000} to {after.CpuSd:0.0000}{Missed(target, after)}.";
        return wish;
    }

    private static string Missed(double? target, FleetFigures after) =>
        target is { } t && after.CpuSd > t ? $", which misses the target of {t:0.0000}: no further move was possible and worth it" : string.Empty;
}
