using System.Diagnostics;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Expressions.JavaScript;

namespace Runbooks.JavaScript.Tests;

/// <summary>The processes in which scripts run: shared, replaced when they die, ended when nobody needs them.</summary>
public sealed class SandboxTests : IDisposable
{
    private readonly SettableClock clock = new();
    private readonly SandboxPool pool;
    private readonly JavaScriptRunner runner;

    public SandboxTests()
    {
        pool = new SandboxPool(SandboxOptions.Default with { MostProcesses = 2, Clock = clock });
        runner = new JavaScriptRunner(pool);
    }

    public void Dispose() => pool.Dispose();

    [Fact]
    public void Sixteen_callers_share_two_processes_and_get_their_own_answers()
    {
        var answers = new string?[400];

        Parallel.For(0, answers.Length, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i =>
        {
            var scope = new ScriptScope { Values = { ["A"] = i }, Outputs = { ["x.Result"] = i } };
            answers[i] = runner.Evaluate(new Script("variables.A++; return [variables.A, getOutputFrom('x')];", IsExpression: false), scope)!.ToJsonString();
        });

        Assert.Equal(Enumerable.Range(0, answers.Length).Select(i => $"[{i + 1},{i}]"), answers);
        Assert.InRange(pool.Idle.Count, 1, 2);
    }

    [Fact]
    public void A_hostile_script_harms_no_script_beside_it()
    {
        string[] hostile = ["while (true) { }", "new Array(1e9).join('x')", "const a = []; while (true) a.push('xxxxxxxx' + a.length);"];
        var failures = new string[hostile.Length];

        Parallel.Invoke(
            () => Parallel.For(0, hostile.Length, i => failures[i] = Js.Fails(hostile[i], runner: runner)),
            () => Parallel.For(0, 50, i => Assert.Equal(i + 1, Js.Evaluate($"{i} + 1", runner: runner)!.GetValue<int>())));

        Assert.All(failures, f => Assert.Contains("JavaScript was stopped", f, StringComparison.Ordinal));
    }

    [Fact]
    public void A_process_is_used_again_and_replaced_when_it_was_killed_between_two_scripts()
    {
        _ = Js.Evaluate("1", runner: runner);
        var first = Assert.Single(pool.Idle);
        _ = Js.Fails("nope()", runner: runner);
        Assert.Equal(first, Assert.Single(pool.Idle));

        Kill(first);

        Assert.Equal("3", Js.Evaluate("1 + 2", runner: runner)!.ToJsonString());
        Assert.NotEqual(first, Assert.Single(pool.Idle));
    }

    [Fact]
    public void A_script_whose_process_is_killed_is_run_once_more()
    {
        var (scope, killed) = (new ScriptScope { Values = { ["A"] = 1 }, Outputs = { ["x.Result"] = 5 } }, 0);
        _ = Js.Evaluate("1", runner: runner);
        var process = Assert.Single(pool.Idle);
        scope.OnOutput = () =>
        {
            if (killed++ == 0)
            {
                Kill(process);
            }
        };

        Assert.Equal("7", Js.Evaluate("variables.A++; return getOutputFrom('x') + variables.A;", scope, runner)!.ToJsonString());
        Assert.Equal(2, killed);
        Assert.Equal("2", scope.Values["A"]!.ToJsonString());
    }

    [Fact]
    public void A_script_whose_process_is_killed_twice_fails_and_says_so()
    {
        var scope = new ScriptScope { OnOutput = () => KillChildren(pool) };

        Assert.Contains("ended twice", Js.Fails("getOutputFrom('x')", scope, runner), StringComparison.Ordinal);
        Assert.Equal("2", Js.Evaluate("1 + 1", runner: runner)!.ToJsonString());
    }

    [Fact]
    public void A_failure_of_the_run_while_it_answers_ends_the_process_and_is_passed_on()
    {
        var scope = new ScriptScope { OnOutput = () => throw new InvalidOperationException("The store is away.") };

        Assert.Throws<InvalidOperationException>(() => Js.Evaluate("getOutputFrom('x')", scope, runner));
        Assert.Empty(pool.Idle);
        Assert.Equal("2", Js.Evaluate("1 + 1", runner: runner)!.ToJsonString());
    }

    [Fact]
    public void Processes_without_work_are_ended()
    {
        _ = Js.Evaluate("1", runner: runner);
        using var process = Process.GetProcessById(Assert.Single(pool.Idle));
        pool.EndIdle();
        Assert.Single(pool.Idle);

        clock.Now += TimeSpan.FromMinutes(3);
        pool.EndIdle();

        Assert.Empty(pool.Idle);
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("while (true) { }")]
    [InlineData("return Array.prototype.indexOf.call({ length: 1e15 }, 1);")]
    public void A_process_ends_with_whoever_started_it_even_in_the_middle_of_a_script(string? running)
    {
        var node = NodeRuntime.Find(SandboxOptions.Default.SearchPath);
        using var process = SandboxProcess.Start(node, SandboxOptions.Default);
        using var seen = Process.GetProcessById(process.Id);

        if (running is not null)
        {
            process.Send(SandboxRequest.Run(new Script(running, IsExpression: false), new ScriptScope(), mayHaveOutcomes: false).Span);
        }

        process.CloseInput();

        Assert.True(seen.WaitForExit(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public void Without_Node_the_message_says_what_to_install()
    {
        using var none = new SandboxPool(SandboxOptions.Default with { SearchPath = "/nonexistent" });

        Assert.Equal(
            "JavaScript can't run: Node.js was not found. Install Node.js 20 or newer (https://nodejs.org) so that 'node' is on the PATH of the server, and try again.",
            new JavaScriptRunner(none).Read("1").Problem);
    }

    [Theory]
    [InlineData("echo v18.19.0", "is Node.js 'v18.19.0'")]
    [InlineData("exit 1", "is Node.js ''")]
    [InlineData("[ \"$1\" = --version ] && echo v20.1.0 && exit; echo 'out of luck' >&2; exit 3", "out of luck")]
    [InlineData("[ \"$1\" = --version ] && echo v20.1.0 && exit; shift 5; exec NODE \"$@\"", "may do what it must not: fs.read, fs.write, child")]
    public void A_Node_that_can_not_be_used_is_named(string script, string words)
    {
        var folder = Directory.CreateTempSubdirectory("runbooks-node-");
        try
        {
            var node = Path.Combine(folder.FullName, "node");
            File.WriteAllText(node, $"#!/bin/sh\n{script.Replace("NODE", NodeRuntime.Find(SandboxOptions.Default.SearchPath).Path, StringComparison.Ordinal)}\n");
            File.SetUnixFileMode(node, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            using var bad = new SandboxPool(SandboxOptions.Default with { SearchPath = folder.FullName });

            var problem = new JavaScriptRunner(bad).Read("1").Problem;

            Assert.True(problem?.Contains(words, StringComparison.Ordinal) == true, problem);
            Assert.Contains(node, problem, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void The_process_has_no_environment()
    {
        var node = NodeRuntime.Find(SandboxOptions.Default.SearchPath);
        using var process = SandboxProcess.Start(node, SandboxOptions.Default);

        Assert.Equal("TZ=UTC", File.ReadAllText($"/proc/{process.Id}/environ").TrimEnd('\0'));
    }

    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("return /(a+)+$/.test('a'.repeat(40) + '!');")]
    public void The_interpreter_stops_a_script_by_itself_before_the_watchdog_does(string code)
    {
        using var process = SandboxProcess.Start(NodeRuntime.Find(SandboxOptions.Default.SearchPath), SandboxOptions.Default);

        var (reply, usable) = process.Exchange(SandboxRequest.Run(new Script(code, IsExpression: false), new ScriptScope(), mayHaveOutcomes: false), _ => null);

        Assert.Equal("time", Assert.IsType<SandboxReply.Stopped>(reply).Kind);
        Assert.False(usable);
    }

    [Fact]
    public void A_program_that_was_started_through_a_link_finds_its_files()
    {
        var folder = Directory.CreateTempSubdirectory("runbooks link, ");
        try
        {
            var link = Path.Combine(folder.FullName, "javascript");
            _ = Directory.CreateSymbolicLink(link, SandboxOptions.Default.Folder);
            using var linked = new SandboxPool(SandboxOptions.Default with { Folder = link });

            Assert.Equal("3", Js.Evaluate("1 + 2", runner: new JavaScriptRunner(linked))!.ToJsonString());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_process_that_does_not_answer_is_replaced()
    {
        using var impatient = new SandboxPool(SandboxOptions.Default with { NoAnswer = TimeSpan.FromSeconds(5) });
        var stopped = 0;
        var scope = new ScriptScope
        {
            OnOutput = () =>
            {
                if (stopped == 0)
                {
                    stopped = Assert.Single(impatient.Busy);
                    using var stop = Process.Start("kill", ["-STOP", stopped.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
                    stop.WaitForExit();
                }
            },
        };

        var value = await Task.Run(() => Js.Evaluate("getOutputFrom('x'); return 1;", scope, new JavaScriptRunner(impatient))).WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Equal("1", value!.ToJsonString());
        Assert.Equal(2, scope.OutputsAsked);
        Assert.DoesNotContain(stopped, impatient.Idle);
    }

    private static void Kill(int id)
    {
        using var process = Process.GetProcessById(id);
        process.Kill();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)));
    }

    /// <summary>Kills what the pool has at work.</summary>
    private static void KillChildren(SandboxPool pool)
    {
        foreach (var id in pool.Busy)
        {
            Kill(id);
        }
    }

    private sealed class SettableClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
