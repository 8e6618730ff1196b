using Runbooks.Fleet.Planning.Goals;

namespace Runbooks.Fleet.Planning.Order;

/// <summary>Finds moves that wait for each other.</summary>
internal static class Cycles
{
    /// <summary>Names one cycle among moves of which none can start; where they wait for something else, the first of them.</summary>
    public static string Describe(PoolModel model, List<Draft[]> blocked)
    {
        var from = blocked.SelectMany(u => u).Where(d => d.From >= 0).GroupBy(d => d.From).ToDictionary(g => g.Key, g => g.First());
        foreach (var start in from.Values)
        {
            var path = new List<Draft>();
            var at = start;
            while (true)
            {
                var seen = path.FindIndex(d => d.From == at.From);
                if (seen >= 0)
                {
                    var ring = path[seen..];
                    return $"{string.Join(", ", ring.Select(d => $"{model.Vms[d.Vm].Name} ({model.Hosts[d.From].Name} to {model.Hosts[d.To].Name})"))} wait for each other.";
                }

                path.Add(at);
                if (!from.TryGetValue(at.To, out at!))
                {
                    break;
                }
            }
        }

        var first = blocked[0][0];
        return $"{model.Hosts[first.To].Name} has no room for {model.Vms[first.Vm].Name}, and no other move makes some.";
    }
}
