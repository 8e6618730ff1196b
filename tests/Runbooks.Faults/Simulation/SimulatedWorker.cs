using Microsoft.Extensions.Logging.Abstractions;
using Runbooks.Hypervisors.Observation;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.FaultInjection;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults.Simulation;

/// <summary>A worker as a process of its own, which may be killed, frozen and started again under its name.</summary>
internal sealed class SimulatedWorker(Installation installation, string name) : IDisposable
{
    private readonly CancellationTokenSource stop = new();

    public string Name => name;

    public SimulatedProcess Process { get; private set; } = null!;

    /// <summary>What this process has seen of the fleet; a new process begins anew.</summary>
    public FleetObserver Observer { get; private set; } = null!;

    public bool IsUp => Process is { IsDead: false };

    /// <summary>How many times it was killed.</summary>
    public int Deaths { get; private set; }

    /// <summary>How long it stays dead.</summary>
    public Func<TimeSpan> Recovery { get; set; } = () => TimeSpan.FromSeconds(1);

    /// <summary>A new process of this name.</summary>
    /// <param name="release">It ends the leases of its predecessor, as a server does that knows to be the only one of its name.</param>
    public void Start(bool release)
    {
        installation.Write($"{name} starts");
        Process = installation.Loop.StartProcess(name);
        Observer = new FleetObserver(installation.Fleet.Directory, installation.Modes, installation.Ledger, installation.Loop.Time, new ObserverSettings());
        var engine = new EngineServices(
            installation.Store,
            installation.Runs,
            installation.Services(this),
            Options(),
            installation.Loop.Time,
            new Probe(this, Process),
            new Signal(Process, installation.Loop.Time),
            NullLogger.Instance)
        {
            Interceptor = installation.Faults,
        };
        _ = Process.RunAsync(() => ObserveAsync(Observer));
        _ = Process.RunAsync(() => WorkAsync(engine, release));
    }

    /// <summary>kill -9; it is started again after <see cref="Recovery"/>.</summary>
    public void Kill(string why)
    {
        if (!IsUp)
        {
            return;
        }

        installation.Write($"{name} dies: {why}");
        Deaths++;
        Process.Kill();
        var time = Recovery();
        var release = installation.Loop.Random.Next(2) == 0;
        _ = installation.Outside.RunAsync(async () =>
        {
            await Task.Delay(time, installation.Loop.Time);
            Start(release);
        });
    }

    public void Dispose() => stop.Dispose();

    private EngineOptions Options() => new()
    {
        Worker = name,
        Lease = installation.Options.Lease,
        Concurrency = installation.Options.Concurrency,
        Poll = installation.Options.Poll,
        ReconcileFor = installation.Options.ReconcileFor,
        FirstPause = installation.Options.FirstPause,
        MaxPause = installation.Options.MaxPause,
        MaxAttempts = installation.Options.MaxAttempts,
        MaxUndoAttempts = installation.Options.MaxUndoAttempts,
    };

    private async Task WorkAsync(EngineServices engine, bool release)
    {
        for (var first = release; first;)
        {
            try
            {
                _ = await engine.Store.ReleaseAllAsync(name, CancellationToken.None);
                first = false;
            }
            catch (Exception e) when (e is InjectedFaultException or TimeoutException)
            {
                await Task.Delay(engine.Options.Poll, engine.Clock);
            }
        }

        await new Worker(engine, new RunExecutor(engine, Installation.Catalog)).RunAsync(stop.Token);
    }

    /// <summary>A load is a difference of two looks; a server takes one every few seconds.</summary>
    private async Task ObserveAsync(FleetObserver observer)
    {
        while (true)
        {
            _ = await observer.ObserveAsync(CancellationToken.None);
            await Task.Delay(TimeSpan.FromSeconds(15), installation.Loop.Time);
        }
    }

    /// <summary>Where the plan lets the worker die, the process dies at once: nothing of it is executed any more.</summary>
    private sealed class Probe(SimulatedWorker worker, SimulatedProcess process) : IExecutionProbe
    {
        public async ValueTask ReachedAsync(JournalPoint point, RunId run, string? nodeId)
        {
            worker.Installation.Points++;
            try
            {
                await worker.Installation.Faults.ReachedAsync(point, run, nodeId);
            }
            catch (WorkerDiedException e)
            {
                if (worker.Process == process)
                {
                    worker.Kill(e.Message);
                }

                await new TaskCompletionSource().Task;
            }
        }
    }

    private Installation Installation => installation;

    private sealed class Signal(SimulatedProcess process, TimeProvider clock) : IWorkSignal
    {
        private TaskCompletionSource raised = new();

        public void Raise()
        {
            var waiting = raised;
            raised = new TaskCompletionSource();
            _ = process.RunAsync(() =>
            {
                waiting.SetResult();
                return Task.CompletedTask;
            });
        }

        public async Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            _ = await Task.WhenAny(raised.Task, Task.Delay(longest, clock, stop.Token));
            stop.Cancel();
        }
    }
}
