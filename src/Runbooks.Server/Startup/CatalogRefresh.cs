using Runbooks.Server.Logging;
using Runbooks.Workflows.Definitions;

namespace Runbooks.Server.Startup;

/// <summary>Notices what other servers have published. What is asked for and not known is looked for at once; this finds the rest.</summary>
internal sealed class CatalogRefresh(DefinitionCatalog catalog, Announcer announcer, TimeProvider clock, ServiceHealth health, ILogger<CatalogRefresh> logger)
    : RepeatingService("Runbook catalog", clock, health, logger)
{
    protected override TimeSpan Interval => TimeSpan.FromSeconds(5);

    protected override async Task RoundAsync(CancellationToken stoppingToken)
    {
        var before = catalog.Problems;
        await catalog.RefreshAsync(stoppingToken);
        foreach (var problem in catalog.Problems.Except(before))
        {
            announcer.Refused(problem);
        }
    }
}
