using Runbooks.Fleet.Simulation.Cluster;

namespace Runbooks.Fleet.Simulation.Policies;

internal sealed class PackState
{
    private static readonly double[] Phi = [.. Enumerable.Range(0, 257).Select(i => 1 / (1 + Math.Exp(-1.702 * ((i / 32.0) - 4))))];
    public readonly ClusterView C; public readonly DemandModel F; private readonly RunbooksOptions o;
    public readonly int[] Loc; public readonly double[] D, M, V, R, Risk; public readonly List<int>[] Vms; public readonly double[][] S;
    public PackState(ClusterView c, DemandModel f, RunbooksOptions o)
    {
        (C, F, this.o) = (c, f, o);
        Loc = [.. Enumerable.Range(0, c.Vms).Select(c.HostOf)];
        D = c.Sum(f.Now); M = c.Sum(f.Mean); V = c.Sum(f.Variance); R = c.RamUsed();
        Vms = [.. Enumerable.Range(0, c.Hosts).Select(h => c.VmsOf(h).ToList())];
        S = new double[c.Hosts][]; Risk = new double[c.Hosts];
        for (var h = 0; h < c.Hosts; h++)
        {
            if (Vms[h].Count == 0) { continue; }
            S[h] = new double[f.Samples];
            foreach (var v in Vms[h]) { for (var j = 0; j < f.Samples; j++) { S[h][j] += f.Past[v * f.Samples + j]; } }
            Risk[h] = RiskOf(h, -1, 0);
        }
    }
    public bool On(int h) => Vms[h].Count > 0;
    public double Total => Risk.Sum();
    public double RiskOf(int h, int v, int sign)
    {
        var n = F.Samples; var s = S[h]; var cap = C.Mips[h] * o.Cap;
        var variance = V[h] + (v >= 0 ? sign * F.Variance[v] : 0);
        var scale = 32 / Math.Sqrt(Math.Max(1, variance) * F.Smooth);
        double sum = 0; var at = v * n;
        for (var j = 0; j < n; j++)
        {
            var x = ((s?[j] ?? 0) + (v >= 0 ? sign * F.Past[at + j] : 0) - cap) * scale + 128.5;
            sum += x <= 0 ? 0 : x >= 256 ? 1 : Phi[(int)x];
        }
        return sum / n;
    }
    public bool Room(int v, int h) => C.CoreMips[h] >= F.Now[v] && D[h] + F.Now[v] <= C.Mips[h] * o.NowAt && (C.HardRamMb is not { } ram || R[h] + C.VmRamMb[v] <= ram);
    public double Z(int h, int v) => (C.Mips[h] - M[h] - F.Mean[v]) / Math.Sqrt(V[h] + F.Variance[v]);
    public void Move(int v, int to)
    {
        Add(v, Loc[v], -1); Loc[v] = to; Add(v, to, 1);
    }
    private void Add(int v, int h, int s)
    {
        if (s > 0) { Vms[h].Add(v); } else { Vms[h].Remove(v); }
        D[h] += s * F.Now[v]; M[h] += s * F.Mean[v]; V[h] += s * F.Variance[v]; R[h] += s * C.VmRamMb[v];
        S[h] ??= new double[F.Samples];
        for (var j = 0; j < F.Samples; j++) { S[h][j] += s * F.Past[v * F.Samples + j]; }
        if (Vms[h].Count == 0) { D[h] = M[h] = V[h] = R[h] = 0; Array.Clear(S[h]); Risk[h] = 0; }
        else { Risk[h] = RiskOf(h, -1, 0); }
    }
    public (int H, double Grows) Safest(int v, Func<int, bool> allowed)
    {
        var best = (H: -1, Grows: double.PositiveInfinity);
        for (var h = 0; h < C.Hosts; h++)
        {
            if (!On(h) || h == Loc[v] || !Room(v, h) || !allowed(h)) { continue; }
            var g = RiskOf(h, v, 1) - Risk[h];
            // ties: the fuller in memory, then the one with more CPU left
            if (g < best.Grows - 1e-12) { best = (h, g); }
        }
        return best;
    }
}
