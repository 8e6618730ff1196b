using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Model;
using Runbooks.Server.Startup;

namespace Runbooks.Server.Fleet;

/// <summary>
/// Teaches this server's forecasts what migrations took. What was learnt is not stored: it is learnt anew from the newest
/// records at the start (a second for thousands), so that a new version of the model needs no conversion, and servers that
/// share a database come to the same.
/// </summary>
public sealed class MigrationLearner(IMigrationHistory history, MigrationForecaster forecaster, TimeProvider clock, ServiceHealth health, ILogger<MigrationLearner> logger)
    : RepeatingService("Migration learner", clock, health, logger)
{
    /// <summary>Records that are learnt from at the start; older ones would have faded.</summary>
    private const int AtStart = 5000;

    /// <summary>Records that are looked through for new ones in each round.</summary>
    private const int EachRound = 500;

    private readonly HashSet<(string Run, VmName Vm)> learnt = [];

    protected override TimeSpan Interval => TimeSpan.FromSeconds(5);

    protected override async Task RoundAsync(CancellationToken stoppingToken)
    {
        foreach (var record in await history.ListAsync(learnt.Count == 0 ? AtStart : EachRound, stoppingToken))
        {
            if (!learnt.Add((record.Run, record.Vm)))
            {
                continue;
            }

            try
            {
                forecaster.Learn(record);
            }
            catch (ArgumentException e)
            {
                logger.LogWarning("Nothing was learnt from the migration of {Vm} (run {Run}): {Problem}", record.Vm, record.Run, e.Message);
            }
        }
    }
}
