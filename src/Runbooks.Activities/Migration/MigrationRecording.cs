using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Activities.Migration;

/// <summary>A migration that has just ended, as the step that saw it says.</summary>
/// <param name="Run">The run.</param>
/// <param name="Route">Which VM, from where, to where.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Figures">What the hypervisor measured; null when it kept nothing.</param>
/// <param name="At">When it ended.</param>
internal sealed record MigrationEnd(RunId Run, MigrationRoute Route, MigrationOutcome Outcome, MigrationStatistics? Figures, DateTimeOffset At);

/// <summary>One line for the steps: notes the end of a migration, and goes on at once.</summary>
internal static class MigrationRecording
{
    /// <summary>Does nothing in a process that keeps no migrations. May be called again: the first note of a run and VM stays.</summary>
    public static void Note(EffectContext context, MigrationRoute route, MigrationOutcome outcome, MigrationStatistics? figures = null) =>
        (context.Services.GetService(typeof(MigrationRecorder)) as MigrationRecorder)?.Note(new MigrationEnd(context.RunId, route, outcome, figures, context.Clock.GetUtcNow()));
}

/// <summary>
/// Writes ended migrations into the history, beside the run: the run neither waits for it nor fails by it. A record that can't
/// be written is lost, and the log says so; forecasts learn from the others.
/// </summary>
public sealed partial class MigrationRecorder(IRunStore runs, IMigrationHistory history, ILogger<MigrationRecorder> logger) : IAsyncDisposable
{
    /// <summary>For one record: longer than a database needs to come back from a restart.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<(RunId Run, VmName Vm), Task> writing = new();

    /// <summary>Of two notes of one migration the first stays, so a second one while the first is being written is dropped.</summary>
    internal void Note(MigrationEnd end)
    {
        var key = (end.Run, end.Route.Vm);
        var task = writing.GetOrAdd(key, unused => Task.Run(() => WriteAsync(end)));
        _ = task.ContinueWith(t => writing.TryRemove(KeyValuePair.Create(key, t)), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Until what was noted before is written, or lost.</summary>
    public Task SettleAsync() => Task.WhenAll(writing.Values);

    public async ValueTask DisposeAsync() => await SettleAsync();

    private async Task WriteAsync(MigrationEnd end)
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            var run = await runs.FindAsync(end.Run, limit.Token);
            if (MigrationStory.Tell(end, run, await runs.ExecutionsAsync(end.Run, limit.Token)) is { } record)
            {
                _ = await history.AppendAsync(record, limit.Token);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever it is: a migration is never worse off because its figures could not be kept.
            LogLost(logger, end.Route.Vm.Value, end.Run.ToString(), e);
        }
    }

    [LoggerMessage(6101, LogLevel.Warning, "The figures of the migration of {Vm} (run {Run}) could not be kept; forecasts will learn from others.")]
    private static partial void LogLost(ILogger logger, string vm, string run, Exception exception);
}
