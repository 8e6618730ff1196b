using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Journal.InMemory;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Tests.Engine;

/// <summary>
/// The engine on the in-memory store, with workers that die when the probe says so and are started again, as a process
/// would be: what was committed is all that the next one knows.
/// </summary>
public sealed class EngineUnderTest
{
    private readonly Dictionary<Type, object> services = [];
    private CancellationTokenSource process = new();

    public EngineUnderTest(ActivityRegistry registry, FastTime? clock = null, Func<IDefinitionStore, IDefinitionStore>? definitions = null)
    {
        Clock = clock ?? new FastTime(200);
        Store = new InMemoryRunStore(Clock);
        var stored = new InMemoryDefinitionStore(Clock);
        Catalog = new DefinitionCatalog(definitions?.Invoke(stored) ?? stored, new DefinitionReader(registry));
        Runs = new RunFactory(Catalog, new TimeOrderedIds(Clock), Clock);
        Signal = new WorkSignal(Clock);
        Starter = new RunStarter(Catalog, Runs, Store, Signal);
    }

    public FastTime Clock { get; }

    public InMemoryRunStore Store { get; }

    public DefinitionCatalog Catalog { get; }

    public RunFactory Runs { get; }

    public RunStarter Starter { get; }

    public WorkSignal Signal { get; }

    public CrashProbe Probe { get; } = new();

    /// <summary>The lease is long: with time this fast, a pause of the machine would otherwise end it.</summary>
    public EngineOptions Options { get; } = new() { Worker = "worker-1", Poll = TimeSpan.FromMilliseconds(500), Lease = TimeSpan.FromHours(10) };

    public EngineUnderTest With<T>(T service)
        where T : notnull
    {
        services[typeof(T)] = service;
        return this;
    }

    public async Task<EngineUnderTest> LoadAsync(params string[] definitions)
    {
        var problems = await Catalog.LoadAsync([.. definitions.Select((json, i) => ($"definition-{i}.json", json))], CancellationToken.None);
        Assert.Empty(problems);
        return this;
    }

    public async Task<RunId> StartAsync(string definitionId, JsonObject? input = null, string? key = null)
    {
        var answer = await Starter.StartAsync(new StartRequest(definitionId, input ?? [], "test", key), CancellationToken.None);
        return Assert.IsType<StartAnswer.Accepted>(answer).RunId;
    }

    public async Task<Run> RunAsync(string definitionId, JsonObject? input = null)
    {
        var id = await StartAsync(definitionId, input);
        await WorkAsync();
        return await FindAsync(id);
    }

    /// <summary>Runs it to its rest as a dry run, of the draft of this number if one is given.</summary>
    public async Task<Run> RunDryAsync(string definitionId, JsonObject? input = null, int? draft = null)
    {
        var answer = await Starter.StartAsync(new StartRequest(definitionId, input ?? [], "test") { IsDryRun = true, Draft = draft }, CancellationToken.None);
        var id = Assert.IsType<StartAnswer.Accepted>(answer).RunId;
        await WorkAsync();
        return await FindAsync(id);
    }

    public async Task<Run> FindAsync(RunId id) => (await Store.FindAsync(id, CancellationToken.None))!;

    public Task<IReadOnlyList<ActivityExecution>> StepsAsync(RunId id) => Store.ExecutionsAsync(id, CancellationToken.None);

    public Task<IReadOnlyList<JournalEntry>> JournalAsync(RunId id) => Store.JournalAsync(id, 0, 100_000, CancellationToken.None);

    /// <summary>Ids of activities in the order in which they completed.</summary>
    public async Task<string[]> CompletedAsync(RunId id) =>
        [.. (await StepsAsync(id)).Where(s => s.CompletionOrder is not null).OrderBy(s => s.CompletionOrder).Select(s => s.ActivityId)];

    public RunExecutor Executor(string worker) => new(Services(worker), Catalog);

    /// <summary>Ends the process that works at the moment, wherever it is, as kill -9 would; the next one starts at once.</summary>
    public void Kill()
    {
        Kills++;
        process.Cancel();
    }

    public int Kills { get; private set; }

    /// <summary>The process of the moment: cancelled when it is killed.</summary>
    public CancellationToken Process => process.Token;

    /// <summary>Works until no run has anything left to do: every run has ended, needs a person, or waits for something outside.</summary>
    public async Task WorkAsync()
    {
        for (var lives = 0; lives < 500; lives++)
        {
            process = new CancellationTokenSource();
            if (await LiveAsync(Executor(Options.Worker), process))
            {
                return;
            }

            // A new process of the same name: the leases of the dead one end, and it starts from what was committed.
            _ = await Store.ReleaseAllAsync(Options.Worker, CancellationToken.None);
        }

        Assert.Fail("The runs did not come to rest in 500 lives.");
    }

    /// <summary>One life of a process. True: at rest; false: it died.</summary>
    private async Task<bool> LiveAsync(RunExecutor executor, CancellationTokenSource life)
    {
        var running = new List<Task>();
        try
        {
            for (var idle = 0; idle < 2000;)
            {
                life.Token.ThrowIfCancellationRequested();
                if (await Store.ClaimNextAsync(Options.Worker, Options.Lease, CancellationToken.None) is { } claim)
                {
                    idle = 0;
                    running.Add(Task.Run(() => executor.ExecuteAsync(claim, life.Token), CancellationToken.None));
                    continue;
                }

                if (running.Count == 0 && await AtRestAsync())
                {
                    return true;
                }

                idle = running.Count == 0 ? idle + 1 : 0;
                await Task.WhenAny([.. running, Task.Delay(Options.Poll, Clock)]);
                foreach (var ended in running.Where(t => t.IsCompleted).ToArray())
                {
                    _ = running.Remove(ended);
                    await ended;
                }
            }
        }
        catch (Exception e) when (e is SimulatedCrashException || life.IsCancellationRequested)
        {
            await life.CancelAsync();
            await Task.WhenAll(running).ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return false;
        }

        Assert.Fail("The runs did not come to rest.");
        return false;
    }

    private async Task<bool> AtRestAsync()
    {
        var open = await Store.ListAsync(new RunFilter { OnlyOpen = true, Limit = 500 }, CancellationToken.None);
        var putOff = await Task.WhenAll(open.Where(r => r.Status == RunStatus.Suspended).Select(async r => (r.Id, Bookmarks: await Store.BookmarksAsync(r.Id, CancellationToken.None))));
        return open.All(r => r.Status is RunStatus.NeedsAttention or RunStatus.Paused
            || (r.Status == RunStatus.Suspended && r.Reason?.StartsWith("Waits until", StringComparison.Ordinal) != true && !WaitsForOpen(r, open)
                && !putOff.Any(p => p.Id == r.Id && p.Bookmarks.Any(b => b.Payload?.ContainsKey("waitsFor") == true))));
    }

    private static bool WaitsForOpen(Run run, IReadOnlyList<Run> open) => open.Any(o => o.ParentRunId == run.Id && o.Status is not (RunStatus.NeedsAttention or RunStatus.Paused));

    private EngineServices Services(string worker) => new(
        Store,
        Runs,
        new Provider(services),
        new EngineOptions
        {
            Worker = worker,
            Lease = Options.Lease,
            Poll = Options.Poll,
            ReconcileFor = Options.ReconcileFor,
            MaxAttempts = Options.MaxAttempts,
            MaxUndoAttempts = Options.MaxUndoAttempts,
        },
        Clock,
        Probe,
        Signal,
        NullLogger.Instance);

    private sealed class Provider(Dictionary<Type, object> services) : IServiceProvider
    {
        public object? GetService(Type serviceType) => services.GetValueOrDefault(serviceType);
    }
}
