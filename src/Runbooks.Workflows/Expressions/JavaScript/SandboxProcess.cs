using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Runbooks.Workflows.Expressions.JavaScript;

/// <summary>
/// One child process in which scripts run, one at a time. It has an empty environment, may read no file but its own, and
/// ends by itself when its standard input does, which is when this process ends, however it ends.
/// </summary>
internal sealed class SandboxProcess : IDisposable
{
    /// <summary>An answer longer than this is not one of ours. The largest holds a result twice escaped.</summary>
    private const int LongestFrame = 8 * JavaScriptLimits.Result;

    /// <summary>128 and SIGVTALRM, with which the process ends itself when a built-in function does not come back.</summary>
    private const int EndedByTime = 128 + 26;

    private readonly Process process;
    private readonly TimeSpan noAnswer;
    private readonly TaskCompletionSource silent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly StringBuilder complaints = new();

    private SandboxProcess(Process process, TimeSpan noAnswer)
    {
        this.process = process;
        this.noAnswer = noAnswer;
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    /// <summary>When it last had work.</summary>
    public DateTimeOffset LastUsed { get; set; }

    /// <exception cref="ExpressionException">It does not start. The message holds what it said.</exception>
    public static SandboxProcess Start(NodeRuntime node, SandboxOptions options)
    {
        var folder = options.Folder;
        var limits = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"time":{{JavaScriptLimits.Time.TotalMilliseconds}},"memory":{{JavaScriptLimits.Memory}},"stack":{{JavaScriptLimits.Stack}},"result":{{JavaScriptLimits.Result}}}""");
        var start = new ProcessStartInfo(node.Path)
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // Paths are relative to the working folder, because links and commas in a path would not survive as a permission.
        string[] arguments = ["--no-warnings", node.PermissionOption, "--allow-worker", "--allow-fs-read=./*", "--max-old-space-size=128", "./sandbox.js", limits];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Clear();
        start.Environment["TZ"] = "UTC";
        SandboxProcess? started = null;
        try
        {
            started = new SandboxProcess(Process.Start(start)!, options.NoAnswer);
            using (started.EndUnlessAnswered())
            {
                _ = started.Receive();
            }

            return started;
        }
        catch (Exception e) when (e is Win32Exception or SandboxEndedException)
        {
            started?.Dispose();
            throw new ExpressionException($"JavaScript can't run: the process for it ({node.Path} {Path.Combine(folder, "sandbox.js")}) does not start: {e.Message}", e);
        }
    }

    /// <summary>Sends a request and answers the process's questions until it has the reply.</summary>
    /// <param name="request">JSON in UTF-8.</param>
    /// <param name="answer">Answers a question of the script, on the calling thread.</param>
    /// <returns>The reply, and whether the process can take another request.</returns>
    /// <exception cref="SandboxEndedException">The process ended before it had answered.</exception>
    public (SandboxReply Reply, bool Usable) Exchange(ReadOnlyMemory<byte> request, Func<JsonElement, string?> answer)
    {
        using var late = EndUnlessAnswered();
        Send(request.Span);
        while (true)
        {
            var message = Receive();
            if (!message.TryGetProperty("ask", out _))
            {
                return (SandboxReply.From(message), !message.TryGetProperty("retire", out var retire) || !retire.GetBoolean());
            }

            Send(JsonSerializer.SerializeToUtf8Bytes(new { answer = answer(message) }));
        }
    }

    /// <summary>Sends a message without waiting for its answer.</summary>
    /// <exception cref="SandboxEndedException">The process has ended.</exception>
    public void Send(ReadOnlySpan<byte> message)
    {
        try
        {
            Span<byte> head = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(head, message.Length);
            var pipe = process.StandardInput.BaseStream;
            pipe.Write(head);
            pipe.Write(message);
            pipe.Flush();
        }
        catch (IOException e)
        {
            throw Ended(e);
        }
    }

    /// <summary>Tells the process that nobody wants anything of it any more, as the end of this process would.</summary>
    public void CloseInput() => process.StandardInput.Close();

    /// <summary>Ends the process. It holds nothing that could be lost.</summary>
    public void Dispose()
    {
        Kill();
        process.Dispose();
    }

    private Timer EndUnlessAnswered() => new(_ => Kill(), null, noAnswer, Timeout.InfiniteTimeSpan);

    private void Kill()
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended already, which is what was wanted.
        }
    }

    private JsonElement Receive()
    {
        try
        {
            Span<byte> head = stackalloc byte[4];
            var pipe = process.StandardOutput.BaseStream;
            pipe.ReadExactly(head);
            var length = BinaryPrimitives.ReadInt32LittleEndian(head);
            if (length is < 0 or > LongestFrame)
            {
                throw Ended(new InvalidDataException($"It sent a message of {length} bytes."));
            }

            var body = new byte[length];
            pipe.ReadExactly(body);
            using var document = JsonDocument.Parse(body);
            return document.RootElement.Clone();
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            throw Ended(e);
        }
    }

    private SandboxEndedException Ended(Exception why)
    {
        Kill();
        process.WaitForExit(TimeSpan.FromSeconds(5));
        var code = process.HasExited ? process.ExitCode : -1;

        // What it said last may still be on its way through the pipe.
        _ = silent.Task.Wait(TimeSpan.FromSeconds(1));
        lock (complaints)
        {
            return new SandboxEndedException($"It ended with code {code}{(complaints.Length > 0 ? $" and said: {complaints}" : "")} ({why.Message})", code == EndedByTime, why);
        }
    }

    private void Note(string? line)
    {
        if (line is null)
        {
            _ = silent.TrySetResult();
        }

        lock (complaints)
        {
            if (!string.IsNullOrWhiteSpace(line) && complaints.Length < 1_000)
            {
                complaints.Append(line.Trim()).Append(' ');
            }
        }
    }
}

/// <summary>The process ended before it had answered: from outside, or because a built-in function took too long.</summary>
internal sealed class SandboxEndedException(string message, bool outOfTime, Exception inner) : Exception(message, inner)
{
    /// <summary>The process ended itself, because the script used up its time.</summary>
    public bool OutOfTime { get; } = outOfTime;
}
