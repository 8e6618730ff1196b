using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Runbooks.Cluster.Fixture;

/// <summary>A worker as a process of its own: it can be killed, frozen, thawed and told to stop, by its id.</summary>
public sealed partial class WorkerProcess : IDisposable
{
    private const int Stop = 19;
    private const int Continue = 18;
    private const int Terminate = 15;

    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(60);

    private static readonly string Built =
        typeof(WorkerProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Worker").Value!;

    private readonly Process process;
    private readonly List<string> said = [];
    private readonly ConcurrentQueue<string> output = new();

    private WorkerProcess(Process process) => this.process = process;

    /// <summary>The name that it works under.</summary>
    public string Name { get; private set; } = "";

    public bool HasExited => process.HasExited;

    /// <summary>Its last lines, for the message of a test that fails.</summary>
    public string Words => string.Join(Environment.NewLine, output.TakeLast(15));

    /// <summary>Starts the process; it may not be ready yet.</summary>
    public static WorkerProcess Launch(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Built, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var worker = new WorkerProcess(Process.Start(start)!);
        worker.process.OutputDataReceived += (_, line) => worker.Hear(line.Data);
        worker.process.ErrorDataReceived += (_, line) => worker.Hear(line.Data);
        worker.process.BeginOutputReadLine();
        worker.process.BeginErrorReadLine();
        return worker;
    }

    /// <summary>Waits until it says that it is ready; the message when it refuses to start.</summary>
    public async Task<string?> ReadyAsync()
    {
        var answer = await AnswerAsync(["ready ", "refused "], LongestStart);
        if (answer.StartsWith("refused ", StringComparison.Ordinal))
        {
            return answer;
        }

        Name = answer["ready ".Length..];
        return null;
    }

    /// <summary>SIGKILL: nothing is said to anybody.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    public void Freeze() => Signal(Stop);

    public void Thaw() => Signal(Continue);

    /// <summary>SIGTERM, as a service manager sends it.</summary>
    public void AskToStop() => Signal(Terminate);

    /// <summary>Waits for the end; the exit code, and null when it does not end in time.</summary>
    public async Task<int?> EndAsync(TimeSpan longest)
    {
        using var limit = new CancellationTokenSource(longest);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    public void Tell(string command)
    {
        process.StandardInput.WriteLine(command);
        process.StandardInput.Flush();
    }

    /// <summary>Its next answer that begins with one of these words.</summary>
    public async Task<string> AnswerAsync(string[] begins, TimeSpan longest)
    {
        var until = DateTimeOffset.UtcNow + longest;
        while (true)
        {
            var ended = process.HasExited;
            lock (said)
            {
                if (said.FindIndex(line => begins.Any(b => line.StartsWith(b, StringComparison.Ordinal))) is var at and >= 0)
                {
                    var line = said[at];
                    said.RemoveAt(at);
                    return line;
                }

                Assert.DoesNotContain(said, line => line.StartsWith("error ", StringComparison.Ordinal));
            }

            Assert.False(ended, $"The process has ended. {Words}");
            Assert.True(DateTimeOffset.UtcNow < until, $"The process did not say '{string.Join("' or '", begins)}' in {longest}. {Words}");
            await Task.Delay(20);
        }
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit();
        }

        process.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null)
        {
            return;
        }

        output.Enqueue(line);
        if (line.StartsWith('@'))
        {
            lock (said)
            {
                said.Add(line[1..]);
            }
        }
    }

    private void Signal(int signal) => Assert.Equal(0, kill(process.Id, signal));

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}
