using Runbooks.Fleet.History;

namespace Runbooks.Fleet.Energy;

/// <summary>The energy of one host over a time, from its recorded loads.</summary>
/// <param name="Kwh">Energy of the time that was measured, kWh.</param>
/// <param name="Measured">The time that was measured.</param>
/// <param name="Unknown">Time between samples too far apart: the host may have been on or off, so it is in no figure.</param>
public sealed record MeasuredEnergy(double Kwh, TimeSpan Measured, TimeSpan Unknown)
{
    /// <summary>Adds up power between samples, in straight lines.</summary>
    /// <param name="samples">Samples of one host, oldest first.</param>
    /// <param name="curve">Its power table.</param>
    /// <param name="farthest">Samples farther apart than this leave a gap; above 0.</param>
    public static MeasuredEnergy Of(IReadOnlyList<HostSample> samples, PowerCurve curve, TimeSpan farthest)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(curve);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(farthest, TimeSpan.Zero);
        var (joules, measured, unknown) = (0.0, TimeSpan.Zero, TimeSpan.Zero);
        for (var i = 1; i < samples.Count; i++)
        {
            var time = samples[i].At - samples[i - 1].At;
            if (time > farthest)
            {
                unknown += time;
                continue;
            }

            joules += (curve.At(samples[i - 1].CpuLoad) + curve.At(samples[i].CpuLoad)) / 2 * time.TotalSeconds;
            measured += time;
        }

        return new MeasuredEnergy(joules / 3.6e6, measured, unknown);
    }
}
