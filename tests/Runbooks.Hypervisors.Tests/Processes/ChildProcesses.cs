using System.Diagnostics;
using Runbooks.Hypervisors.Processes;

namespace Runbooks.Hypervisors.Tests.Processes;

/// <summary>Programs that do not behave: their output and their time are bounded.</summary>
public sealed class ChildProcesses
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData("yes")]
    [InlineData("yes >&2")]
    [InlineData("cat /dev/zero")]
    public async Task One_that_writes_without_end_is_ended(string script)
    {
        var ended = await RunAsync(script, Limit);

        Assert.True(ended is { SaidTooMuch: true, TimedOut: false, ExitCode: null });
        Assert.True(ended.Output.Length + ended.Errors.Length <= 2 * ChildProcess.MostCharacters);
    }

    [Fact]
    public async Task One_that_does_not_end_is_ended_when_its_time_is_over_and_what_it_said_is_kept()
    {
        var ended = await RunAsync("echo here; exec sleep 600", TimeSpan.FromSeconds(1));

        Assert.True(ended is { TimedOut: true, SaidTooMuch: false, Output: "here\n" });
    }

    [Fact]
    public async Task One_that_says_much_and_ends_is_heard_to_its_end()
    {
        var ended = await RunAsync("head -c 8000000 /dev/zero | tr '\\0' x", Limit);

        Assert.Equal((0, 8_000_000), (ended.ExitCode, ended.Output.Length));
    }

    [Fact]
    public async Task Bytes_that_are_no_text_break_nothing()
    {
        var ended = await RunAsync("printf '\\377\\376\\000a'; exit 3", Limit);

        Assert.Equal(3, ended.ExitCode);
        Assert.EndsWith("a", ended.Output, StringComparison.Ordinal);
    }

    private static Task<ChildResult> RunAsync(string script, TimeSpan limit) =>
        ChildProcess.RunAsync(new ProcessStartInfo("sh", ["-c", script]), limit, Descendants.End, TimeProvider.System, CancellationToken.None);
}
