using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Runbooks.Activities.Migration;
using Runbooks.Fleet.Migrations;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Activities.Tests.Migration;

public sealed class MigrationRecorderTests
{
    private static MigrationEnd End { get; } = new(
        new RunId(Guid.Parse("00000000-0000-0000-0000-000000000001")),
        new MigrationRoute(new VmName("web"), new HostName("h1"), new HostName("h2")),
        MigrationOutcome.Moved,
        new MigrationStatistics(TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(80), 256L << 20, 4) { TotalBytes = 512L << 20 },
        DateTimeOffset.UnixEpoch);

    [Fact]
    public async Task A_migration_that_is_noted_twice_is_kept_once()
    {
        var history = new InMemoryMigrationHistory();
        await using var recorder = new MigrationRecorder(DispatchProxy.Create<IRunStore, OneCopy>(), history, NullLogger<MigrationRecorder>.Instance);

        recorder.Note(End);
        recorder.Note(End);
        await recorder.SettleAsync();

        Assert.Equal(TimeSpan.FromSeconds(5), Assert.Single(await history.ListAsync(10, CancellationToken.None)).Time);
    }

    [Fact]
    public async Task A_history_that_is_broken_harms_nobody()
    {
        var history = new BrokenHistory();
        await using var recorder = new MigrationRecorder(DispatchProxy.Create<IRunStore, OneCopy>(), history, NullLogger<MigrationRecorder>.Instance);

        recorder.Note(End);
        await recorder.SettleAsync();

        Assert.Equal(1, history.Asked);
    }

    /// <summary>A store in which every run has made one copy.</summary>
    public class OneCopy : DispatchProxy
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
        {
            nameof(IRunStore.FindAsync) => Task.FromResult<Run?>(null),
            nameof(IRunStore.ExecutionsAsync) => Task.FromResult<IReadOnlyList<ActivityExecution>>(
            [
                new ActivityExecution
                {
                    Number = 1,
                    NodeId = "copy",
                    ActivityId = "copy",
                    ActivityType = "Runbooks.PreCopy",
                    ActivityName = "Pre-copy",
                    StartedAt = DateTimeOffset.UnixEpoch,
                    Inputs = new JsonObject { ["Vm"] = "web", ["BandwidthMiBs"] = 50 },
                },
            ]),
            _ => throw new NotSupportedException(targetMethod.Name),
        };
    }

    private sealed class BrokenHistory : IMigrationHistory
    {
        public int Asked { get; private set; }

        public Task<bool> AppendAsync(MigrationRecord record, CancellationToken cancellationToken)
        {
            Asked++;
            throw new InvalidOperationException("The database is away.");
        }

        public Task<IReadOnlyList<MigrationRecord>> ListAsync(int count, CancellationToken cancellationToken) => throw new InvalidOperationException("The database is away.");
    }
}
