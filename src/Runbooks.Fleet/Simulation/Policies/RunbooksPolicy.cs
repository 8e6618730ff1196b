using Runbooks.Fleet.Simulation.Cluster;

namespace Runbooks.Fleet.Simulation.Policies;

public sealed class RunbooksPolicy(RunbooksOptions o) : IClusterPolicy
{
    private PackState s = null!;
    private ClusterView c = null!;
    private double seen, told, lastRisk, calib = 1;
    private int aN, aE; private double aC, aD, aR;
    private int[] since = [];
    public int ReliefMoves, EvacMoves, BalMoves, FirstMoves, Opened;

    public int[] Place(ClusterView cluster) { since = new int[cluster.Hosts]; Array.Fill(since, -1000); return FirstPlacement.SmallTogether(cluster); }

    public Decision Decide(ClusterView cluster)
    {
        c = cluster;
        s = new PackState(c, DemandModel.Of(c, o), o);
        var start = (int[])s.Loc.Clone();
        int Count() { var n = 0; for (var v = 0; v < start.Length; v++) { n += s.Loc[v] != start[v] ? 1 : 0; } return n; }
        if (Environment.GetEnvironmentVariable("DBG") == "1") { for (int h = 0; h < c.Hosts; h++) { if (s.On(h)) { aN++; aC += c.Mips[h]; aD += s.D[h]; if (s.D[h] > c.Mips[h]) { aE++; } } } aR += s.Total; if (c.Now % 12 == 11) { Console.WriteLine($"h{c.Now/12} N {aN/12.0:0.0} util {aD/aC:0.000} p {(double)aE/aN:0.0000} est {aR/aN:0.0000} relief {ReliefMoves} bal {BalMoves} ev {EvacMoves} open {Opened}"); aN=aE=0; aC=aD=aR=0; } }
        int ev = 0, nn = 0; for (int h = 0; h < c.Hosts; h++) { if (s.On(h)) { nn++; if (s.D[h] > c.Mips[h]) { ev++; } } }
        seen = o.Forget * seen + ev; told = o.Forget * told + lastRisk;
        calib = c.Now <= o.FirstSteps ? 1 : (seen + o.Trust) / (told + o.Trust);
        Relieve(); var r = Count(); ReliefMoves += r;
        if (c.Now <= o.FirstSteps) { First(); FirstMoves += Count() - r; }
        else { Empty(); EvacMoves += Count() - r; r = Count(); Balance(); BalMoves += Count() - r; }
        lastRisk = s.Total;
        var list = new List<SimulatedMove>();
        for (var v = 0; v < start.Length; v++) { if (s.Loc[v] != start[v]) { list.Add(new SimulatedMove(v, s.Loc[v])); } }
        return new Decision(list, list.Count);
    }

    private void Relieve()
    {
        var over = new bool[c.Hosts];
        for (var h = 0; h < c.Hosts; h++) { over[h] = s.D[h] > c.Mips[h]; }
        foreach (var h in Enumerable.Range(0, c.Hosts).Where(h => over[h]).OrderByDescending(h => s.D[h] / c.Mips[h]))
        {
            var target = c.Mips[h] * o.RelieveTo;
            while (s.D[h] > c.Mips[h] && s.Vms[h].Count > 1)
            {
                var best = (V: -1, To: -1, Cost: double.PositiveInfinity);
                foreach (var v in s.Vms[h])
                {
                    var d = s.F.Now[v];
                    if (d <= 0) { continue; }
                    var (q, g) = s.Safest(v, x => !over[x]);
                    if (q < 0) { continue; }
                    var enough = s.D[h] - d <= target;
                    // what is still missing costs further moves
                    var more = enough ? 0 : 1 + (s.D[h] - target - d) / (0.1 * c.Mips[h]);
                    var cost = 1 + more + o.Beta * c.VmRamMb[v] / 62.5 + o.Stay * (g + s.RiskOf(h, v, -1) - s.Risk[h]);
                    if (cost < best.Cost) { best = (v, q, cost); }
                }
                if (best.V < 0)
                {
                    if (s.Risk[h] < o.OpenRisk) { break; }
                    var v = s.Vms[h].MaxBy(x => s.F.Now[x]);
                    var q = Open(v);
                    if (q < 0) { break; }
                    s.Move(v, q);
                    continue;
                }
                s.Move(best.V, best.To);
            }
        }
    }

    private int Open(int v)
    {
        var q = Enumerable.Range(0, c.Hosts).Where(h => !s.On(h) && c.CoreMips[h] >= c.VmMips[v]).OrderBy(h => c.Models[h].Power.Full / c.Mips[h]).FirstOrDefault(-1);
        if (q >= 0) { since[q] = c.Now; Opened++; }
        return q;
    }

    private void First()
    {
        int[] keep = [.. Enumerable.Range(0, c.Hosts).Where(h => s.On(h)).OrderBy(h => c.Models[h].Power.Full / c.Mips[h]).ThenByDescending(h => s.Vms[h].Count).ThenByDescending(h => s.M[h])];
        var byRam = c.HardRamMb is { } limit && s.R.Sum() / limit > s.M.Sum() / c.Mips.Max() / 0.8;
        var lo = (int)Math.Max(c.HardRamMb is { } l ? s.R.Sum() / l : 0, s.M.Sum() / c.Mips.Max());
        for (var k = Math.Max(1, lo); k < keep.Length; k++)
        {
            if (TryKeep(keep, k, byRam)) { return; }
        }
    }

    private bool TryKeep(int[] keep, int k, bool byRam)
    {
        var kept = keep.AsSpan(0, k);
        var done = new List<(int V, int From)>();
        var movers = keep.Skip(k).SelectMany(h => s.Vms[h]).ToList();
        foreach (var h in kept) { while (s.D[h] > c.Mips[h] * o.NowAt || (c.Mips[h] - s.M[h]) / Math.Sqrt(s.V[h]) < o.FirstZ) { break; } }
        movers = byRam ? [.. movers.OrderByDescending(v => c.VmRamMb[v]).ThenByDescending(v => s.F.Mean[v] + Math.Sqrt(s.F.Variance[v]))] : [.. movers.OrderByDescending(v => s.F.Mean[v] + Math.Sqrt(s.F.Variance[v]))];
        foreach (var v in movers)
        {
            var best = -1; var least = double.PositiveInfinity;
            foreach (var q in kept)
            {
                if (!s.Room(v, q)) { continue; }
                var z = s.Z(q, v);
                if (z < o.FirstZ) { continue; }
                var score = o.FirstSpread ? -z : z;
                if (byRam) { var left = (c.HardRamMb!.Value - s.R[q] - c.VmRamMb[v]) / c.HardRamMb.Value; score = (o.FirstSpread ? -left : left) + o.Even * s.M[q] / c.Mips[q]; }
                if (score < least) { (best, least) = (q, score); }
            }
            if (best < 0) { for (var i = done.Count - 1; i >= 0; i--) { s.Move(done[i].V, done[i].From); } return false; }
            done.Add((v, s.Loc[v])); s.Move(v, best);
        }
        return true;
    }

    private void Empty()
    {
        var on = Enumerable.Range(0, c.Hosts).Count(h => s.On(h));
        if (s.Total * calib > o.Low * (on - 1)) { return; }
        foreach (var h in Enumerable.Range(0, c.Hosts).Where(h => s.On(h) && c.Now - since[h] >= o.Hold).OrderBy(h => s.M[h]).Take(3))
        {
            var done = new List<int>();
            foreach (var v in s.Vms[h].OrderByDescending(v => s.F.Mean[v] + Math.Sqrt(s.F.Variance[v])).ToArray())
            {
                var (q, g) = s.Safest(v, _ => true);
                if (q < 0) { break; }
                s.Move(v, q); done.Add(v);
            }
            if (s.On(h) || s.Total * calib > o.Low * (on - 1)) { for (var i = done.Count - 1; i >= 0; i--) { s.Move(done[i], h); } continue; }
            return;
        }
    }

    private void Balance()
    {
        var on = Enumerable.Range(0, c.Hosts).Count(h => s.On(h));
        var fresh = -1;
        var max = o.BalMax;
        if (s.Total * calib > o.High * on) { fresh = Enumerable.Range(0, c.Hosts).Where(h => !s.On(h)).OrderBy(h => c.Models[h].Power.Full / c.Mips[h]).FirstOrDefault(-1); max = 10; if (fresh >= 0) { since[fresh] = c.Now; Opened++; } }
        for (var n = 0; n < max; n++)
        {
            var best = (V: -1, To: -1, Gain: 1 / o.Stay);
            foreach (var h in Enumerable.Range(0, c.Hosts).Where(h => s.On(h) && s.Risk[h] > 1 / o.Stay).OrderByDescending(h => s.Risk[h]).Take(4))
            {
                foreach (var v in s.Vms[h])
                {
                    var less = s.Risk[h] - s.RiskOf(h, v, -1);
                    if (less <= best.Gain) { continue; }
                    if (fresh >= 0 && s.Room(v, fresh)) { var gf = less - (s.RiskOf(fresh, v, 1) - s.Risk[fresh]); if (gf > best.Gain) { best = (v, fresh, gf); } continue; }
                    var (q, g) = s.Safest(v, _ => true);
                    if (q >= 0 && less - g > best.Gain) { best = (v, q, less - g); }
                }
            }
            if (best.V < 0) { break; }
            s.Move(best.V, best.To);
        }
    }
}
