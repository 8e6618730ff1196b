namespace Runbooks.Fleet.Migrations;

/// <summary>Foretells migrations from what was calculated and from what was learnt; one model for each hypervisor and mode. Safe to use from several threads.</summary>
public sealed class MigrationForecaster : IMigrationForecaster
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string Hypervisor, MigrationMode Mode), MigrationTimeModel> models = [];
    private readonly Dictionary<string, ResidentOverhead> overheads = new(StringComparer.Ordinal);

    /// <exception cref="ArgumentException">The case can't be; see <see cref="PreCopyModel.Predict"/>.</exception>
    public MigrationForecast Predict(MigrationCase migration)
    {
        ArgumentNullException.ThrowIfNull(migration);
        lock (gate)
        {
            var known = WithTouched(migration);
            return models.TryGetValue((known.Hypervisor, known.Mode), out var model) ? model.Predict(known) : PreCopyModel.Predict(known);
        }
    }

    /// <summary>The case with what has been learnt of the memory that must be sent.</summary>
    private MigrationCase WithTouched(MigrationCase migration) =>
        migration is { TouchedMiB: null, ResidentMiB: { } resident }
        && overheads.TryGetValue(migration.Hypervisor, out var overhead) && overhead.Of(migration.HasMoved) is { } own
            ? migration with { TouchedMiB = Math.Clamp(resident - own, Math.Min(1, migration.MemoryMiB), migration.MemoryMiB) }
            : migration;

    /// <summary>Learns from a migration that has ended. The caller sees to it that each comes once, in the order of their ends.</summary>
    /// <exception cref="ArgumentException">Its case can't be.</exception>
    public void Learn(MigrationRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        lock (gate)
        {
            var key = (record.Case.Hypervisor, record.Case.Mode);
            if (!models.TryGetValue(key, out var model))
            {
                models[key] = model = new MigrationTimeModel(key.Hypervisor, key.Mode);
            }

            model.Learn(record with { Case = WithTouched(record.Case) });
            if (record is { Outcome: MigrationOutcome.Moved, FirstRoundMiB: { } first, Case.ResidentMiB: { } resident })
            {
                if (!overheads.TryGetValue(key.Hypervisor, out var overhead))
                {
                    overheads[key.Hypervisor] = overhead = new ResidentOverhead();
                }

                overhead.Learn(record.Case.HasMoved, resident - first);
            }
        }
    }

    /// <summary>What was learnt so far and how good it is, by hypervisor and mode.</summary>
    public IReadOnlyList<MigrationModelFigures> Figures()
    {
        lock (gate)
        {
            return [.. models.OrderBy(m => m.Key.Hypervisor, StringComparer.Ordinal).ThenBy(m => m.Key.Mode).Select(m => m.Value.Figures())];
        }
    }

    /// <summary>What it takes to be done, copy converged, within a time.</summary>
    /// <param name="migration">The case. Its bandwidth and its CPU share are what is there now.</param>
    /// <param name="deadline">Above 0.</param>
    /// <param name="mostMiBs">What the path could carry at best, MiB/s, above 0.</param>
    public MigrationRequirement RequiredFor(MigrationCase migration, TimeSpan deadline, double mostMiBs)
    {
        ArgumentNullException.ThrowIfNull(migration);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(deadline, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(mostMiBs);
        double? exponent;
        lock (gate)
        {
            exponent = models.TryGetValue((migration.Hypervisor, migration.Mode), out var model) ? model.CpuExponent : null;
        }

        return MigrationRequirement.Of(migration, deadline, mostMiBs, exponent, Predict);
    }
}
