namespace Runbooks.Faults.Simulation;

/// <summary>
/// A process of the simulation: the scheduler of everything that it does. When it is killed, none of its continuations is
/// ever executed again, not even a finally; when it is frozen, they wait, and time goes on without it.
/// </summary>
internal sealed class SimulatedProcess : TaskScheduler
{
    private static readonly TaskFactory Anywhere = new();
    private readonly SimulationLoop loop;
    private readonly List<Task> waiting = [];

    public SimulatedProcess(SimulationLoop loop, string name)
    {
        this.loop = loop;
        Name = name;
        Number = name.Length == 0 ? 0 : name[^1];
    }

    public string Name { get; }

    /// <summary>For the trace.</summary>
    public int Number { get; }

    public bool IsDead { get; private set; }

    public bool IsFrozen { get; private set; }

    public Task<T> RunAsync<T>(Func<Task<T>> work) => Anywhere.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    public Task RunAsync(Func<Task> work) => Anywhere.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        IsDead = true;
        waiting.Clear();
        _ = loop.Withdraw(this);
    }

    /// <summary>SIGSTOP.</summary>
    public void Freeze()
    {
        if (!IsDead && !IsFrozen)
        {
            IsFrozen = true;
            waiting.AddRange(loop.Withdraw(this));
        }
    }

    /// <summary>SIGCONT.</summary>
    public void Thaw()
    {
        if (IsFrozen)
        {
            IsFrozen = false;
            waiting.ForEach(t => loop.Enqueue(this, t));
            waiting.Clear();
        }
    }

    public void Execute(Task task) => _ = TryExecuteTask(task);

    protected override void QueueTask(Task task)
    {
        if (IsDead)
        {
            return;
        }

        if (IsFrozen)
        {
            waiting.Add(task);
        }
        else
        {
            loop.Enqueue(this, task);
        }
    }

    /// <summary>What follows at once goes on at once, as it would on a pool's thread; the loop chooses among what has to wait.</summary>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && !IsDead && !IsFrozen && Current == this && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => waiting;
}
