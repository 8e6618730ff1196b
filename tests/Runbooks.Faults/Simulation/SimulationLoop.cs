namespace Runbooks.Faults.Simulation;

/// <summary>
/// Executes everything on one thread: takes one ready continuation after the other, chosen by a random number with a seed,
/// and, when none is ready, jumps to the next timer. The same seed gives the same order, bit for bit.
/// </summary>
internal sealed class SimulationLoop
{
    private readonly List<(SimulatedProcess Process, Task Task)> ready = [];
    private readonly int thread = Environment.CurrentManagedThreadId;

    public SimulationLoop(int seed)
    {
        Random = new Random(seed);
        Time = new VirtualTime();
    }

    /// <summary>The chance of everything in this simulation.</summary>
    public Random Random { get; }

    public VirtualTime Time { get; }

    public Trace Trace { get; } = new();

    /// <summary>Continuations that were executed.</summary>
    public long Steps { get; private set; }

    /// <summary>Called after each continuation: where processes are killed and frozen.</summary>
    public Action? AfterStep { get; set; }

    public SimulatedProcess StartProcess(string name) => new(this, name);

    /// <summary>Runs until a task has ended.</summary>
    /// <exception cref="SimulationStuckException">It did not within the limits, or nothing is left that could end it.</exception>
    public void Run(Task until, TimeSpan longest, long mostSteps)
    {
        ArgumentNullException.ThrowIfNull(until);
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            var end = Time.GetUtcNow() + longest;
            while (!until.IsCompleted)
            {
                if (ready.Count > 0)
                {
                    Step();
                }
                else if (!Time.FireNext())
                {
                    throw new SimulationStuckException($"Nothing is ready and no timer is set, at {Time.Elapsed}.");
                }

                if (Time.GetUtcNow() > end || Steps > mostSteps)
                {
                    throw new SimulationStuckException($"It did not end within {longest} of virtual time and {mostSteps} steps; it is {Time.Elapsed} and step {Steps}.");
                }
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    public void Enqueue(SimulatedProcess process, Task task)
    {
        if (Environment.CurrentManagedThreadId != thread)
        {
            throw new InvalidOperationException($"A continuation of {process.Name} was started on another thread: something has left the simulation.");
        }

        ready.Add((process, task));
    }

    /// <summary>Takes a process's continuations away: it is dead or frozen.</summary>
    public IReadOnlyList<Task> Withdraw(SimulatedProcess process)
    {
        var taken = ready.Where(r => r.Process == process).Select(r => r.Task).ToArray();
        _ = ready.RemoveAll(r => r.Process == process);
        return taken;
    }

    private void Step()
    {
        var index = ready.Count == 1 ? 0 : Random.Next(ready.Count);
        var (process, task) = ready[index];
        ready[index] = ready[^1];
        ready.RemoveAt(ready.Count - 1);
        Steps++;
        Trace.Note(process.Number, index);
        process.Execute(task);
        AfterStep?.Invoke();
    }
}

/// <summary>The simulation can't come to its end.</summary>
internal sealed class SimulationStuckException(string message) : Exception(message);
