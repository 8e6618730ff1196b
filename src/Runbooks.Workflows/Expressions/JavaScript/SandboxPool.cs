using System.Collections.Concurrent;
using System.Text.Json;

namespace Runbooks.Workflows.Expressions.JavaScript;

/// <summary>How scripts are run.</summary>
/// <param name="SearchPath">Folders in which <c>node</c> is looked for, as in PATH.</param>
/// <param name="Folder">Where <c>sandbox.js</c> lies.</param>
/// <param name="MostProcesses">Scripts that run at the same time; more callers wait.</param>
/// <param name="IdleTime">A process without work for so long is ended.</param>
/// <param name="NoAnswer">
/// A process that does not answer for so long by the clock is ended, and its script run once more. Far longer than the
/// computing time of a script, so that only a process that does not get to work is met.
/// </param>
/// <param name="Clock">What idle time is measured with.</param>
internal sealed record SandboxOptions(string? SearchPath, string Folder, int MostProcesses, TimeSpan IdleTime, TimeSpan NoAnswer, TimeProvider Clock)
{
    public static SandboxOptions Default { get; } = new(
        Environment.GetEnvironmentVariable("PATH"),
        Path.Combine(AppContext.BaseDirectory, "javascript"),
        Math.Max(2, Environment.ProcessorCount),
        TimeSpan.FromMinutes(2),
        TimeSpan.FromSeconds(20),
        TimeProvider.System);
}

/// <summary>The processes in which scripts run: started when they are needed, kept warm, ended when they are idle.</summary>
internal sealed class SandboxPool : IDisposable
{
    private readonly SandboxOptions options;
    private readonly Lazy<NodeRuntime> node;
    private readonly SemaphoreSlim places;
    private readonly ConcurrentStack<SandboxProcess> idle = new();
    private readonly ConcurrentDictionary<SandboxProcess, int> busy = new();
    private readonly ITimer sweep;

    public SandboxPool(SandboxOptions options)
    {
        this.options = options;
        // A failure is not kept: who installs Node.js after the first script need not start the server again.
        node = new(() => NodeRuntime.Find(options.SearchPath), LazyThreadSafetyMode.PublicationOnly);
        places = new(options.MostProcesses);
        sweep = options.Clock.CreateTimer(_ => EndIdle(), null, options.IdleTime, options.IdleTime / 2);
    }

    /// <summary>Ids of the processes that wait for work.</summary>
    public IReadOnlyList<int> Idle => [.. idle.Select(p => p.Id)];

    /// <summary>Ids of the processes that run a script.</summary>
    public IReadOnlyList<int> Busy => [.. busy.Values];

    /// <summary>
    /// Lets a process answer a request. When the process dies meanwhile, a new one is asked once more: a script changes
    /// nothing until it has ended, so running it again is safe.
    /// </summary>
    /// <exception cref="ExpressionException">No process could be started, or two of them died.</exception>
    public SandboxReply Exchange(ReadOnlyMemory<byte> request, Func<JsonElement, string?> answer)
    {
        places.Wait();
        try
        {
            try
            {
                return Exchange(TakeIdle() ?? Start(), request, answer);
            }
            catch (SandboxEndedException e) when (!e.OutOfTime)
            {
                return Exchange(Start(), request, answer);
            }
        }
        catch (SandboxEndedException e)
        {
            return e.OutOfTime
                ? new SandboxReply.Stopped("time", e.Message, null, null)
                : throw new ExpressionException($"JavaScript could not be evaluated: its process ended twice before it had answered. {e.Message}", e);
        }
        finally
        {
            _ = places.Release();
        }
    }

    /// <summary>Ends the processes that have had no work for the idle time.</summary>
    public void EndIdle()
    {
        var before = options.Clock.GetUtcNow() - options.IdleTime;
        List<SandboxProcess> keep = [];
        while (idle.TryPop(out var process))
        {
            if (process.LastUsed > before && !process.HasExited)
            {
                keep.Add(process);
            }
            else
            {
                process.Dispose();
            }
        }

        keep.Reverse();
        foreach (var process in keep)
        {
            idle.Push(process);
        }
    }

    public void Dispose()
    {
        sweep.Dispose();
        while (idle.TryPop(out var process))
        {
            process.Dispose();
        }

        places.Dispose();
    }

    private SandboxReply Exchange(SandboxProcess process, ReadOnlyMemory<byte> request, Func<JsonElement, string?> answer)
    {
        var usable = false;
        busy[process] = process.Id;
        try
        {
            (var reply, usable) = process.Exchange(request, answer);
            return reply;
        }
        finally
        {
            _ = busy.TryRemove(process, out _);
            if (usable)
            {
                process.LastUsed = options.Clock.GetUtcNow();
                idle.Push(process);
            }
            else
            {
                process.Dispose();
            }
        }
    }

    private SandboxProcess? TakeIdle()
    {
        while (idle.TryPop(out var process))
        {
            if (!process.HasExited)
            {
                return process;
            }

            process.Dispose();
        }

        return null;
    }

    private SandboxProcess Start() => SandboxProcess.Start(node.Value, options);
}
