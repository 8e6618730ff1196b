using System.Diagnostics;
using Runbooks.Fleet.Model;
using Runbooks.Lab.Hosts;

namespace Runbooks.Lab.FailureTable;

/// <summary>One of the two hosts of a migration.</summary>
public enum Side
{
    Source,
    Destination,
}

/// <summary>One run of migrate-vm on real hosts, to which something is about to happen.</summary>
public sealed class Scene(LabHosts lab, ServerProcess server, VmName vm, HostBox source, HostBox destination)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    /// <summary>Short, because some of what is waited for passes within a second.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    public LabHosts Lab => lab;

    public ServerProcess Server => server;

    public VmName Vm => vm;

    /// <summary>The run's id; empty before it is started.</summary>
    public string Run { get; set; } = string.Empty;

    public HostBox this[Side side] => side == Side.Source ? source : destination;

    public Books Books(Side side) => this[side].BooksOf(vm);

    public int Beats => lab.Beats(vm).Count;

    /// <summary>virsh on the host's own console.</summary>
    public Task<string> VirshAsync(Side side, params string[] words) => lab.VirshAsync(this[side].Name, words);

    public Task<string> LabAsync(string command, Side side) => lab.Lab.RunAsync(command, this[side].Name.Value);

    /// <exception cref="MissedMomentException">It did not come to that in time.</exception>
    public static Task UntilAsync(string what, Func<bool> holds, TimeSpan? within = null) => UntilAsync(what, () => Task.FromResult(holds()), within);

    /// <inheritdoc cref="UntilAsync(string, Func{bool}, TimeSpan?)"/>
    public static async Task UntilAsync(string what, Func<Task<bool>> holds, TimeSpan? within = null)
    {
        var limit = within ?? Limit;
        var started = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            if (Stopwatch.GetElapsedTime(started) >= limit)
            {
                throw new MissedMomentException($"Waited {limit.TotalSeconds:0} s until {what}.");
            }

            await Task.Delay(Pause);
        }
    }
}

/// <summary>What was waited for has not come, or was over before it was seen.</summary>
public sealed class MissedMomentException(string message) : Exception(message);
