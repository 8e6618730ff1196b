using System.Text.Json.Nodes;
using Runbooks.Activities;
using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Fleet.Planning;
using Runbooks.Fleet.Policies;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.FaultInjection;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Journal.InMemory;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Simulation;

/// <summary>
/// A whole installation on one thread and on virtual time: workers that can die and freeze, the store, the fleet and its
/// ledgers, and an outside that starts and cancels runs.
/// </summary>
internal sealed class Installation : IDisposable
{
    /// <summary>Read once for all simulations: definitions don't change, and reading them costs more than many a run.</summary>
    private static readonly Lazy<DefinitionCatalog> Definitions = new(LoadDefinitions);

    private readonly List<SimulatedWorker> workers = [];

    public Installation(int seed, FaultPlan plan)
    {
        Loop = new SimulationLoop(seed);
        Outside = Loop.StartProcess("outside");
        Faults = new FaultInjector(plan, Loop.Time, seed) { OnStrike = (rule, where) => Write($"fault '{rule}' strikes {where}") };
        Kept = new InMemoryRunStore(Loop.Time);
        Recording = new RecordingStore(Kept, Loop);
        Store = new FaultyRunStore(Recording, Faults);
        Pad = new StampPad(Recording);
        Fleet = new SimulatedFleet(new SimulationSettings { HostBoot = TimeSpan.FromSeconds(2) }, Loop.Time);
        Turns = new InMemoryMigrationTurns(new TurnLimits(), Loop.Time);
        Runs = new RunFactory(Catalog, new SeededIds(Loop.Random), Loop.Time);
    }

    public static DefinitionCatalog Catalog => Definitions.Value;

    public SimulationLoop Loop { get; }

    public SimulatedProcess Outside { get; }

    public FaultInjector Faults { get; }

    /// <summary>What is really stored; for checks.</summary>
    public InMemoryRunStore Kept { get; }

    public RecordingStore Recording { get; }

    /// <summary>The store as workers and callers reach it.</summary>
    public FaultyRunStore Store { get; }

    public StampPad Pad { get; }

    public SimulatedFleet Fleet { get; }

    public InMemoryReservationLedger Ledger { get; } = new();

    public InMemoryHostModes Modes { get; } = new();

    public InMemoryMigrationTurns Turns { get; }

    public RunFactory Runs { get; }

    public EngineOptions Options { get; } = new() { Concurrency = 64 };

    public IReadOnlyList<SimulatedWorker> Workers => workers;

    /// <summary>Journal points that were passed, by all workers.</summary>
    public int Points { get; set; }

    public SimulatedWorker AddWorker()
    {
        var worker = new SimulatedWorker(this, $"worker-{workers.Count + 1}");
        workers.Add(worker);
        worker.Start(release: false);
        return worker;
    }

    public void Write(string text) => Loop.Trace.Write(Loop.Time.Elapsed, text);

    /// <summary>Starts a run as a caller does who tries again with the same key until he has an answer.</summary>
    public async Task<StartAnswer> StartAsync(string runbook, JsonObject input, string key)
    {
        var starter = new RunStarter(Catalog, Runs, Store, new NoSignal());
        return await InsistAsync(() => starter.StartAsync(new StartRequest(runbook, (JsonObject)input.DeepClone(), "simulation", key), CancellationToken.None));
    }

    public Task<bool> SendAsync(Stimulus stimulus) => InsistAsync(() => Store.SendAsync(stimulus, CancellationToken.None));

    /// <summary>Waits until no run has anything left to do by itself.</summary>
    public async Task RestAsync()
    {
        while (!await IsAtRestAsync())
        {
            await Task.Delay(TimeSpan.FromSeconds(1), Loop.Time);
        }
    }

    /// <summary>Plays a story to its end, on this thread.</summary>
    public void Play(Func<Task> story, TimeSpan longest)
    {
        var told = Outside.RunAsync(story);
        Loop.Run(told, longest, mostSteps: 3_000_000);
        told.GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        foreach (var worker in workers)
        {
            worker.Dispose();
        }

        Fleet.Dispose();
    }

    public IServiceProvider Services(SimulatedWorker worker) => new Provider(new()
    {
        [typeof(Hypervisors.Contract.IHypervisorDirectory)] = Fleet.Directory,
        [typeof(IReservationLedger)] = Ledger,
        [typeof(IHostModes)] = Modes,
        [typeof(IMigrationTurns)] = Turns,
        [typeof(IRunStore)] = Store,
        [typeof(Hypervisors.Observation.FleetObserver)] = worker.Observer,
        [typeof(ConsolidationPolicy)] = new ConsolidationPolicy { Thresholds = new Thresholds { LoadMin = 0.5, LoadMax = 0.8 }, MinActiveHosts = 2 },
        [typeof(StampPad)] = Pad,
    });

    private async Task<T> InsistAsync<T>(Func<Task<T>> call)
    {
        while (true)
        {
            try
            {
                return await call();
            }
            catch (Exception e) when (e is InjectedFaultException or TimeoutException)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), Loop.Time);
            }
        }
    }

    private async Task<bool> IsAtRestAsync()
    {
        var all = await Kept.ListAsync(new RunFilter { Limit = RunFilter.HighestLimit }, CancellationToken.None);
        foreach (var run in all)
        {
            // A run at its end takes in nothing but the wish to undo it.
            var inbox = await Kept.InboxAsync(new RunClaim(run.Id, "", 0), CancellationToken.None);
            if (inbox.Any(s => !run.Status.IsEnd() || s.Kind == StimulusKind.Compensate))
            {
                return false;
            }
        }

        var open = all.Where(r => !r.Status.IsEnd()).ToArray();
        return open.All(r => r.Status == RunStatus.NeedsAttention
            || (r.Status == RunStatus.Suspended && r.Reason?.StartsWith("Waits until", StringComparison.Ordinal) != true && WaitsForAttention(r, open))
            || (r.Status == RunStatus.Compensating && WaitsForAttention(r, open)));
    }

    /// <summary>A parent whose child needs a person waits for that person too.</summary>
    private static bool WaitsForAttention(Run run, IReadOnlyList<Run> open) =>
        open.Where(o => o.ParentRunId == run.Id).ToArray() is { Length: > 0 } children
        && children.All(c => c.Status == RunStatus.NeedsAttention || WaitsForAttention(c, open));

    private static DefinitionCatalog LoadDefinitions()
    {
        var registry = ActivityRegistry.WithElsaActivities().AddFleetActivities().Add<Stamp>().Add<Brand>().Add<CountStamps>();
        var catalog = new DefinitionCatalog(new InMemoryDefinitionStore(new VirtualTime()), new DefinitionReader(registry));
        var shipped = Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "workflows"), "*.json").Order(StringComparer.Ordinal).Select(f => (Path.GetFileName(f), File.ReadAllText(f)));
        var problems = catalog.LoadAsync([.. shipped, .. StampRunbooks.All.Select((json, i) => ($"stamp-{i}.json", json))], CancellationToken.None).GetAwaiter().GetResult();
        return problems.Count == 0 ? catalog : throw new InvalidOperationException(string.Join("; ", problems));
    }

    private sealed class Provider(Dictionary<Type, object> services) : IServiceProvider
    {
        public object? GetService(Type serviceType) => services.GetValueOrDefault(serviceType);
    }

    private sealed class NoSignal : IWorkSignal
    {
        public void Raise()
        {
        }

        public Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken) => throw new NotSupportedException("A caller does not wait for work.");
    }
}

/// <summary>Ids by chance, from the simulation's seed.</summary>
internal sealed class SeededIds(Random random) : IIdSource
{
    public Guid Next()
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
