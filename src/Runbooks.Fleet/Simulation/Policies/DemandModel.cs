using Runbooks.Fleet.Simulation.Cluster;

namespace Runbooks.Fleet.Simulation.Policies;

internal sealed class DemandModel
{
    public required double[] Now { get; init; }
    public required double[] Mean { get; init; }
    public required double[] Variance { get; init; }
    /// <summary>[v * Samples + j]</summary>
    public required double[] Past { get; init; }
    public required int Samples { get; init; }
    public required double Smooth { get; init; }

    public static DemandModel Of(ClusterView c, RunbooksOptions o)
    {
        var k = c.Now; var n = c.Vms;
        var w = Math.Min(o.Window, k + 1);
        var past = new double[n * w]; var mean = new double[n]; var sq = new double[n];
        for (var j = 0; j < w; j++)
        {
            var d = c.Load(k - w + 1 + j);
            for (var v = 0; v < n; v++) { mean[v] += d[v]; sq[v] += d[v] * d[v]; past[(v * w) + j] = d[v] * c.VmMips[v]; }
        }
        var r = Math.Min(o.Recent, w); double all = 0, late = 0;
        for (var j = 0; j < w; j++) { double t = 0; for (var v = 0; v < n; v++) { t += past[v * w + j]; } all += t / w; if (j >= w - r) { late += t / r; } }
        var g = Math.Pow(late / Math.Max(1, all), o.Drift);
        for (var i = 0; i < past.Length; i++) { past[i] *= g; }
        double sm = 0, sv = 0;
        for (var v = 0; v < n; v++) { mean[v] /= w; sm += mean[v]; sv += w > 1 ? (sq[v] - w * mean[v] * mean[v]) / (w - 1) : 0; }
        var ratio = sv / Math.Max(1e-9, sm); var fleet = sm / n;
        var variance = new double[n];
        for (var v = 0; v < n; v++)
        {
            var va = Math.Max(0, sq[v] - w * mean[v] * mean[v]);
            va = (va + o.Prior * ratio * Math.Max(mean[v], 0.25 * fleet)) / (w - 1 + o.Prior);
            variance[v] = va * c.VmMips[v] * c.VmMips[v];
            mean[v] = (mean[v] * w + fleet * o.Prior * 0.25) / (w + o.Prior * 0.25) * c.VmMips[v] * g;
        }
        return new DemandModel { Now = c.Demand(k).ToArray(), Mean = mean, Variance = variance, Past = past, Samples = w, Smooth = Math.Max(o.Floor, o.Few / (o.Few + w)) };
    }
}
