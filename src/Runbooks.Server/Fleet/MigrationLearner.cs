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

    private HashSet<(string Run, VmName Vm)>? learnt;

    protected override TimeSpan Interval => TimeSpan.FromSeconds(5);

    protected override async Task RoundAsync(CancellationToken stoppingToken)
    {
        var newest = await history.ListAsync(learnt is null ? AtStart : EachRound, stoppingToken);
        var before = learnt ?? [];
        learnt = [.. newest.Select(r => (r.Run, r.Vm))];
        foreach (var record in newest.Where(r => !before.Contains((r.Run, r.Vm))))
        {
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
