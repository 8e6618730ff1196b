using System.Diagnostics;
using Runbooks.Hypervisors.Processes;

namespace Runbooks.Hypervisors.Ssh;

/// <summary>
/// The shared connections of this process: one OpenSSH master per host, so that a call costs tens of milliseconds and not
/// hundreds. They end with <see cref="DisposeAsync"/>, or by themselves a minute after their last use.
/// </summary>
/// <remarks>
/// The control sockets lie in a folder of our own that nobody else can enter. Its path is short, because the path of a
/// Unix socket has at most 104 characters and ssh appends a hash and a random suffix.
/// </remarks>
public sealed class SshConnections : IAsyncDisposable
{
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(5);

    private readonly string? configuration;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly HashSet<string> targets = new(StringComparer.Ordinal);
    private string? folder;

    /// <param name="configuration">An ssh configuration file; null for OpenSSH's usual ones.</param>
    /// <param name="time">The clock that times out calls.</param>
    public SshConnections(string? configuration, TimeProvider time) => (this.configuration, this.time) = (configuration, time);

    internal TimeProvider Time => time;

    internal ProcessStartInfo Command(string target, string remoteCommand)
    {
        var start = Client(target);
        Add(
            start,
            ["-n", "-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no", "-o", "ControlMaster=auto", "-o", "ControlPersist=60"],
            ["-o", "ConnectTimeout=5", "-o", "ServerAliveInterval=3", "-o", "ServerAliveCountMax=3"],
            ["-o", "ForwardAgent=no", "-o", "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no", "-o", "LogLevel=ERROR"],
            ["--", target, remoteCommand]);
        return start;
    }

    /// <summary>Forgets the shared connection to a host that has stopped answering; the next call makes a new one.</summary>
    internal async Task DropAsync(string target)
    {
        var start = Client(target);
        Add(start, ["-O", "exit", "--", target]);
        await ChildProcess.RunAsync(start, Goodbye, Descendants.Leave, time, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        string[] known;
        lock (gate)
        {
            known = [.. targets];
            targets.Clear();
        }

        await Task.WhenAll(known.Select(DropAsync));
        lock (gate)
        {
            if (folder is not null && Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }

            folder = null;
        }
    }

    private ProcessStartInfo Client(string target)
    {
        var start = new ProcessStartInfo("ssh");
        if (configuration is not null)
        {
            Add(start, ["-F", configuration]);
        }

        lock (gate)
        {
            targets.Add(target);
            folder ??= Directory.CreateTempSubdirectory("rb-").FullName;
            Add(start, ["-o", $"ControlPath={folder}/%C"]);
        }

        return start;
    }

    private static void Add(ProcessStartInfo start, params string[][] words)
    {
        foreach (var word in words.SelectMany(w => w))
        {
            start.ArgumentList.Add(word);
        }
    }
}
