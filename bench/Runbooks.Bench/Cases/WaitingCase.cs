using System.Diagnostics;
using Runbooks.Bench.Measured;

namespace Runbooks.Bench.Cases;

/// <summary>Many runs that wait: what they cost while they do, and how long it takes when all are due at the same moment.</summary>
internal static class WaitingCase
{
    private const string Open = "SELECT count(*) FROM runbooks.runs WHERE status ";

    public static async Task RunAsync(BenchCluster cluster, BenchOptions options, CancellationToken cancellationToken)
    {
        Output.Say($"waiting: {options.Waiting} runs that wait");
        var connection = await cluster.CreateDatabaseAsync("waiting", cancellationToken);
        await using var database = Npgsql.NpgsqlDataSource.Create(new Npgsql.NpgsqlConnectionStringBuilder(connection) { ApplicationName = "bench" });
        await using var engine = await EngineHost.StartAsync(connection, 16, cancellationToken, Definitions.Waits);
        var memoryBefore = Memory();
        var clock = Stopwatch.StartNew();
        engine.Work();
        await engine.StartRunsAsync("waits", options.Waiting, cancellationToken);
        await UntilAsync(database, Open + "= 'Suspended'", options.Waiting, cancellationToken);
        var suspended = clock.Elapsed;
        var memory = Memory() - memoryBefore;
        var connections = await cluster.ConnectionsAsync("waiting", cancellationToken);

        clock.Restart();
        await using (var due = database.CreateCommand("UPDATE runbooks.bookmarks SET due_at = now()"))
        {
            _ = await due.ExecuteNonQueryAsync(cancellationToken);
        }

        engine.Signal.Raise();
        await UntilAsync(database, Open + "= 'Finished'", options.Waiting, cancellationToken);
        var woken = clock.Elapsed;
        Output.Result(new
        {
            @case = "waiting",
            runs = options.Waiting,
            secondsUntilAllWait = Output.Round(suspended.TotalSeconds),
            memoryMiB = Output.Round(memory / 1048576.0),
            connections,
            secondsToWakeAll = Output.Round(woken.TotalSeconds),
            wokenPerSecond = Output.Round(options.Waiting / woken.TotalSeconds, 1),
        });
    }

    private static long Memory() => GC.GetTotalMemory(forceFullCollection: true);

    private static async Task UntilAsync(Npgsql.NpgsqlDataSource database, string sql, int count, CancellationToken cancellationToken)
    {
        while (true)
        {
            await using var command = database.CreateCommand(sql);
            if (await command.ExecuteScalarAsync(cancellationToken) is long there && there >= count)
            {
                return;
            }

            await Task.Delay(100, cancellationToken);
        }
    }
}
