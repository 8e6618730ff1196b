using Npgsql;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Startup;

/// <summary>
/// The signal among all processes of one database: raised here, it is heard by the workers of the others too. It is only a
/// hint, sent outside of any transaction and at most so often: what is lost, the next poll finds.
/// </summary>
internal sealed class SharedWorkSignal(NpgsqlDataSource database, TimeProvider clock) : IWorkSignal
{
    /// <summary>The channel on which servers tell each other to look for work.</summary>
    public const string Channel = "runbooks_work";

    /// <summary>Between two hints of one process: each makes every idle worker look.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(100);

    private readonly WorkSignal local = new(clock);
    private int wanted;
    private int telling;

    /// <summary>Marks our own hints, which this process need not hear.</summary>
    public string Sender { get; } = Guid.NewGuid().ToString("n");

    public void Raise()
    {
        local.Raise();
        Volatile.Write(ref wanted, 1);
        if (Interlocked.Exchange(ref telling, 1) == 0)
        {
            _ = TellAsync();
        }
    }

    /// <summary>Another process has something to do, or may have had while nobody listened.</summary>
    public void Hear() => local.Raise();

    public Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken) => local.WaitAsync(longest, cancellationToken);

    private async Task TellAsync()
    {
        await Task.Yield();
        do
        {
            while (Interlocked.Exchange(ref wanted, 0) == 1)
            {
                await NotifyAsync();
                await Task.Delay(Rest, clock);
            }

            Volatile.Write(ref telling, 0);
        }
        while (Volatile.Read(ref wanted) == 1 && Interlocked.Exchange(ref telling, 1) == 0);
    }

    private async Task NotifyAsync()
    {
        try
        {
            await using var command = database.CreateCommand("SELECT pg_notify($1, $2)");
            command.Parameters.AddWithValue(Channel);
            command.Parameters.AddWithValue(Sender);
            _ = await command.ExecuteNonQueryAsync();
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            // The database is away, or the server is stopping. The others look by themselves.
        }
    }
}
