using System.Diagnostics;
using System.Text;

namespace Runbooks.Hypervisors.Processes;

/// <summary>How a child process ended.</summary>
/// <param name="ExitCode">Its exit code; null when it was ended because its time was over, or because it wrote without end.</param>
/// <param name="Output">What it wrote to its output.</param>
/// <param name="Errors">What it wrote to its error output.</param>
internal sealed record ChildResult(int? ExitCode, string Output, string Errors)
{
    /// <summary>It was ended because it had written more than anything that we ask for has to say.</summary>
    public bool SaidTooMuch { get; init; }

    public bool TimedOut => ExitCode is null && !SaidTooMuch;
}

/// <summary>What to do with the processes that a child has started, when the child is ended.</summary>
internal enum Descendants
{
    Leave,
    End,
}

/// <summary>Runs one program to its end, without any shell between.</summary>
/// <remarks>
/// Output is read while the child runs, so that a full pipe cannot stop it, and only for a moment after it has ended:
/// something that it left behind may hold the pipe open for ever. A child that writes more than <see cref="MostCharacters"/>
/// is ended.
/// </remarks>
internal static class ChildProcess
{
    internal const int MostCharacters = 16 * 1024 * 1024;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    /// <exception cref="System.ComponentModel.Win32Exception">The program is not there or may not be run.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the child has been ended.</exception>
    public static async Task<ChildResult> RunAsync(
        ProcessStartInfo start,
        TimeSpan timeout,
        Descendants descendants,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        start.UseShellExecute = false;
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process = new Process { StartInfo = start };
        process.Start();
        process.StandardInput.Close();

        // By hand, because the process's own readers let the first bytes choose the encoding.
        using var outputReader = new StreamReader(process.StandardOutput.BaseStream, Utf8, detectEncodingFromByteOrderMarks: false);
        using var errorReader = new StreamReader(process.StandardError.BaseStream, Utf8, detectEncodingFromByteOrderMarks: false);
        var output = new PipeText(outputReader, MostCharacters);
        var errors = new PipeText(errorReader, MostCharacters);

        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var ended = process.WaitForExitAsync(either.Token);
            if (await Task.WhenAny(ended, output.Full, errors.Full) != ended)
            {
                End(process, descendants);
                return new ChildResult(null, output.SoFar(), errors.SoFar()) { SaidTooMuch = true };
            }

            await ended;
        }
        catch (OperationCanceledException)
        {
            End(process, descendants);
            cancellationToken.ThrowIfCancellationRequested();
            return new ChildResult(null, output.SoFar(), errors.SoFar());
        }

        await Task.WhenAny(Task.WhenAll(output.Ended, errors.Ended), Task.Delay(LastWords, time, cancellationToken));
        return new ChildResult(process.ExitCode, output.SoFar(), errors.SoFar());
    }

    private static void End(Process process, Descendants descendants)
    {
        try
        {
            process.Kill(entireProcessTree: descendants == Descendants.End);
        }
        catch (InvalidOperationException)
        {
            // It ended in this very moment.
        }
    }

    /// <summary>The text that has come through a pipe so far.</summary>
    private sealed class PipeText
    {
        private readonly StringBuilder text = new();

        private readonly TaskCompletionSource full = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public PipeText(StreamReader reader, int most) => Ended = ReadAsync(reader, most);

        public Task Ended { get; }

        /// <summary>Ends when more has come than is kept.</summary>
        public Task Full => full.Task;

        public string SoFar()
        {
            lock (text)
            {
                return text.ToString();
            }
        }

        private async Task ReadAsync(StreamReader reader, int most)
        {
            var buffer = new char[4096];
            try
            {
                while (await reader.ReadAsync(buffer) is > 0 and var count)
                {
                    bool over;
                    lock (text)
                    {
                        over = count > most - text.Length;
                        text.Append(buffer, 0, Math.Min(count, most - text.Length));
                    }

                    if (over)
                    {
                        full.TrySetResult();
                    }
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
            {
                // The pipe was closed under us because the process was ended: what came until then counts.
            }
        }
    }
}
