using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Runbooks.Messaging.Contracts;
using Runbooks.Messaging.Events;
using Runbooks.Workflows.Runs;

namespace Runbooks.Cluster.Worker;

/// <summary>
/// What the tests ask of a process, one line each on its standard input. When that ends, the tests have ended, however they
/// did, and so does the process.
/// </summary>
public sealed class Commands(IRunStarter starter, IThresholdEvents events, IServiceProvider services, IHostApplicationLifetime lifetime) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    public static void Say(string line)
    {
        Console.Out.WriteLine($"@{line}");
        Console.Out.Flush();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A thread of its own that nobody waits for: a read of the console can't be cancelled.
        new Thread(() => Listen(stoppingToken)) { IsBackground = true }.Start();
        await Task.Delay(Timeout.Infinite, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Listen(CancellationToken stoppingToken)
    {
        while (Console.In.ReadLine() is { } line)
        {
            _ = Task.Run(() => CarryOutAsync(line.Split(' '), stoppingToken), CancellationToken.None);
        }

        if (!lifetime.ApplicationStopping.IsCancellationRequested)
        {
            Environment.Exit(3);
        }
    }

    private async Task CarryOutAsync(string[] words, CancellationToken cancellationToken)
    {
        try
        {
            switch (words)
            {
                case ["start", var runbook, var prefix, var from, var count, var side]:
                    await StartAsync(runbook, prefix, Number(from), Number(count), Number(side), cancellationToken);
                    break;
                case ["event", var id, var metric]:
                    await events.PublishAsync(new ThresholdCrossed(Guid.Parse(id), "lab", null, metric, 0.9, 0.7, "rising", DateTimeOffset.UtcNow, "test"), cancellationToken);
                    Say("published");
                    break;
                case ["exhaust", var millis]:
                    await ExhaustAsync(TimeSpan.FromMilliseconds(Number(millis)), cancellationToken);
                    break;
                default:
                    Say($"what? {string.Join(' ', words)}");
                    break;
            }
        }
        catch (Exception e)
        {
            Say($"error {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>Starts runs with keys from a number on, several at a time. Asks again as long as the database is away: the key makes it one run.</summary>
    private async Task StartAsync(string runbook, string prefix, int from, int count, int side, CancellationToken cancellationToken)
    {
        var made = 0;
        var there = 0;
        await Parallel.ForEachAsync(Enumerable.Range(from, count), new ParallelOptions { MaxDegreeOfParallelism = side, CancellationToken = cancellationToken }, async (number, stop) =>
        {
            var answer = await StartAsync(new StartRequest(runbook, [], "test", $"{prefix}{number.ToString(CultureInfo.InvariantCulture)}"), stop);
            _ = answer.AlreadyThere ? Interlocked.Increment(ref there) : Interlocked.Increment(ref made);
        });
        Say($"started {made} {there}");
    }

    private async Task<StartAnswer.Accepted> StartAsync(StartRequest request, CancellationToken cancellationToken)
    {
        for (var until = DateTimeOffset.UtcNow + Patience; ; await Task.Delay(Pause, cancellationToken))
        {
            try
            {
                return await starter.StartAsync(request, cancellationToken) as StartAnswer.Accepted ?? throw new InvalidDataException($"'{request.DefinitionId}' could not be started.");
            }
            catch (Exception e) when (e is not InvalidDataException && DateTimeOffset.UtcNow < until)
            {
                // Away.
            }
        }
    }

    /// <summary>Takes every connection that can be had, for a while.</summary>
    private async Task ExhaustAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        var database = services.GetRequiredService<NpgsqlDataSource>();
        var most = new NpgsqlConnectionStringBuilder(database.ConnectionString).MaxPoolSize;
        var taken = new List<NpgsqlConnection>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            while (taken.Count < most)
            {
                taken.Add(await database.OpenConnectionAsync(either.Token));
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // The rest is held by others for good.
        }

        Say($"exhausted {taken.Count}");
        await Task.Delay(time, cancellationToken);
        taken.ForEach(c => c.Dispose());
        Say("released");
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
