namespace Runbooks.Fleet.Migrations;

/// <summary>What a migration needs to be done by a deadline; either of the two suffices.</summary>
/// <param name="BandwidthMiBs">Least bandwidth with the CPU share as it is, MiB/s; null: none that the path has.</param>
/// <param name="FreeCpuShare">Least free CPU share with the bandwidth as it is, 0 to 1; null: none, or its influence is not known.</param>
/// <param name="Reason">For people.</param>
public sealed record MigrationRequirement(double? BandwidthMiBs, double? FreeCpuShare, string Reason)
{
    /// <summary>Bandwidths closer than this factor are one.</summary>
    private const double Fine = 1.002;

    /// <summary>The slowest path that is looked at, MiB/s.</summary>
    private const double Least = 0.1;

    /// <param name="migration">The case.</param>
    /// <param name="deadline">Above 0.</param>
    /// <param name="mostMiBs">What the path could carry at best, MiB/s.</param>
    /// <param name="cpuExponent">By which power of the free CPU share the time falls; null when that is not known.</param>
    /// <param name="predict">Foretells a case. More bandwidth never takes longer, but for what a learnt factor adds to it.</param>
    internal static MigrationRequirement Of(MigrationCase migration, TimeSpan deadline, double mostMiBs, double? cpuExponent, Func<MigrationCase, MigrationForecast> predict)
    {
        bool Suffices(double bandwidth) => predict(migration with { BandwidthMiBs = bandwidth }) is { Converges: true } f && f.Time <= deadline;

        var best = predict(migration with { BandwidthMiBs = mostMiBs });
        var cpu = Cpu(migration, deadline, cpuExponent, predict(migration));
        if (!Suffices(mostMiBs))
        {
            var why = best.Converges
                ? FormattableString.Invariant($"Even {mostMiBs:0.#} MiB/s would take {best.Time.TotalSeconds:0.0} s, and {deadline.TotalSeconds:0.0} s are allowed.")
                : FormattableString.Invariant($"Even with {mostMiBs:0.#} MiB/s the guest writes too fast for the copy to converge; another mode, or a quieter hour, would help.");
            return new MigrationRequirement(null, cpu, why);
        }

        var (low, high) = (Math.Min(Least, mostMiBs), mostMiBs);
        while (high / low > Fine)
        {
            var middle = Math.Sqrt(low * high);
            (low, high) = Suffices(middle) ? (low, middle) : (middle, high);
        }

        var text = FormattableString.Invariant($"With {high:0.#} MiB/s it is done in {predict(migration with { BandwidthMiBs = high }).Time.TotalSeconds:0.0} s.");
        return new MigrationRequirement(high, cpu, cpuExponent is null ? $"{text} What CPU would change is not known yet." : text);
    }

    /// <summary>T falls with x^c: x is known for the deadline when T is known for some x.</summary>
    private static double? Cpu(MigrationCase migration, TimeSpan deadline, double? exponent, MigrationForecast now)
    {
        if (exponent is not { } c || !now.Converges)
        {
            return null;
        }

        var share = Math.Clamp(migration.FreeCpuShare ?? 1, 0.01, 1) * Math.Pow(now.Time / deadline, 1 / c);
        return share <= 1 ? Math.Max(share, 0.01) : null;
    }
}
