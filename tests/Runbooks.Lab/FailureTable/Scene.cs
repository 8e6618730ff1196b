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

    public static Task UntilAsync(string what, Func<bool> holds) => UntilAsync(what, () => Task.FromResult(holds()));

    public static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Limit, $"Waited {Limit.TotalSeconds:0} s until {what}.");
            await Task.Delay(Pause);
        }
    }
}
