using Microsoft.Extensions.Hosting;
using Runbooks.Storage.Embedded;
using Runbooks.Storage.Migrations;
using Runbooks.Storage.Retention;

namespace Runbooks.Storage.Startup;

/// <summary>
/// Has the database ready before anything else of the server starts, and lets it go after everything else has stopped.
/// What fails here fails the start of the whole server, with one message.
/// </summary>
internal sealed class StorageLifetime(
    ConnectionPools pools,
    Migrator migrator,
    History history,
    WorkerNameLock workerName,
    EmbeddedPostgres? embedded = null) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (embedded is not null)
        {
            await embedded.StartAsync(cancellationToken);
        }

        await migrator.MigrateAsync(upTo: null, cancellationToken);
        _ = await history.PrepareMonthsAsync(cancellationToken);
        await workerName.TakeAsync(cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        pools.Clear();
        if (embedded is not null)
        {
            await embedded.StopAsync(cancellationToken);
        }
    }
}
