using Runbooks.Server.Configuration;
using Runbooks.Server.Logging;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;

namespace Runbooks.Server.Startup;

/// <summary>
/// Makes the engine ready before anything asks it for work: definitions first, then the runs of this worker's last life.
/// Assumes that the storage has proven the worker's name to be its own; only then may old leases be ended.
/// </summary>
internal sealed class EngineStart(DefinitionCatalog catalog, IRunStore store, Settings settings, Announcer announcer) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var problems = await catalog.LoadFolderAsync(settings.Workflows.ResolvedFolder, cancellationToken);
        announcer.Loaded(catalog.All.Count());
        foreach (var problem in problems)
        {
            announcer.Refused(problem);
        }

        var recovered = await store.ReleaseAllAsync(settings.Engine.Worker, cancellationToken);
        if (recovered > 0)
        {
            announcer.Recovered(recovered);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
