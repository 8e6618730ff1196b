using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;

namespace Runbooks.Lab.Hosts;

/// <summary>
/// The built server as a process of its own against the lab, with a data folder and an ssh configuration of its own. It can
/// be killed and started again on the same data, as after a crash of its machine's process.
/// </summary>
public sealed class ServerProcess : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>What was built beside these tests, in the same configuration: &lt;root&gt;/tests/Runbooks.Lab/bin/CONFIGURATION/net10.0.</summary>
    private static readonly string Built = Path.Combine(
        LabCommand.RepositoryRoot,
        "src", "Runbooks.Server", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "Runbooks.Server.dll");

    private readonly LabHosts lab;
    private readonly IReadOnlyList<string> more;
    private readonly string folder = Directory.CreateTempSubdirectory("rb-server-").FullName;
    private readonly StringBuilder output = new();
    private readonly HttpClient client;
    private readonly int port = FreePort();
    private Process? process;

    public ServerProcess(LabHosts lab, IReadOnlyList<string> more)
    {
        this.lab = lab;
        this.more = more;

        // PostgreSQL runs under an account of its own, and its folder lies in here.
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
        client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(20) };
    }

    /// <summary>The host keys that this server trusts: a copy of the lab's, which a test may change.</summary>
    public string KnownHosts => Path.Combine(folder, "known_hosts");

    public async Task InitializeAsync()
    {
        WriteConfiguration();
        await StartAsync();
    }

    /// <summary>Starts the server and waits until it is ready.</summary>
    public async Task StartAsync()
    {
        process = Launch();
        await UntilAsync("the server is ready", async () =>
        {
            Assert.False(process.HasExited, $"The server has ended. {Words()}");
            try
            {
                using var answer = await client.GetAsync("/health/ready");
                return answer.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    /// <summary>SIGKILL: no handler runs, nothing is said to anybody, and its PostgreSQL and its ssh connections stay.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    public async Task<JsonNode> GetAsync(string path) =>
        await client.GetFromJsonAsync<JsonNode>(new Uri(path, UriKind.Relative)) ?? throw new InvalidOperationException($"{path} answered null.");

    /// <summary>Starts a run; its id.</summary>
    public async Task<string> RunAsync(string runbook, JsonObject input)
    {
        using var answer = await client.PostAsJsonAsync(new Uri("/api/runs", UriKind.Relative), new JsonObject { ["runbook"] = runbook, ["input"] = input });
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, $"{answer.StatusCode}: {text}");
        return JsonNode.Parse(text)!["id"]!.GetValue<string>();
    }

    public async Task<JsonNode> CancelAsync(string run)
    {
        using var answer = await client.PostAsJsonAsync(new Uri($"/api/runs/{run}/cancel", UriKind.Relative), new JsonObject { ["reason"] = "the test is over" });
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
    }

    /// <summary>Gives a run an order, as a person would, and waits until it has been carried out.</summary>
    public async Task OrderAsync(string run, string verb)
    {
        using var answer = await client.PostAsJsonAsync(new Uri($"/api/runs/{run}:{verb}", UriKind.Relative), new JsonObject { ["actor"] = "operator", ["reason"] = "what the run asked for was done" });
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, $"{verb}: {answer.StatusCode}: {text}");
    }

    /// <summary>Connections that there are stay; a new one to the host is refused.</summary>
    public async Task ForgetKeyAsync(HostName host) =>
        await File.WriteAllLinesAsync(KnownHosts, (await File.ReadAllLinesAsync(KnownHosts)).Where(l => !l.StartsWith($"{host},", StringComparison.Ordinal)));

    public async Task RestoreKeysAsync() => await File.WriteAllTextAsync(KnownHosts, await File.ReadAllTextAsync(Path.Combine(lab.Folder, "ssh", "known_hosts")));

    /// <summary>The ssh clients that this server keeps for its next calls: they are called after their sockets, which lie in its folder.</summary>
    public IReadOnlyList<int> SshClients() => [.. Directory.EnumerateDirectories("/proc")
        .Select(f => int.TryParse(Path.GetFileName(f), out var pid) ? pid : 0)
        .Where(pid => pid > 0 && CommandLine.Of(pid) is [var words, ..] && words.StartsWith("ssh: ", StringComparison.Ordinal) && words.Contains($" {folder}/", StringComparison.Ordinal))];

    public bool IsRunning => process is { HasExited: false };

    /// <summary>The run with its steps, when it has come to an end or needs a person.</summary>
    public Task<SeenRun> EndOfAsync(string run) => EndOfAsync(run, Limit);

    /// <inheritdoc cref="EndOfAsync(string)"/>
    public async Task<SeenRun> EndOfAsync(string run, TimeSpan within)
    {
        SeenRun seen = null!;
        await UntilAsync($"run {run} has ended", async () => (seen = await SeeAsync(run)).IsAtRest, within);
        return seen;
    }

    public async Task<SeenRun> SeeAsync(string run) => new(await GetAsync($"/api/runs/{run}"));

    public async Task<SeenHost> SeeHostAsync(HostName host) =>
        new((await GetAsync("/api/fleet"))["hosts"]!.AsArray().Single(h => h!["name"]!.GetValue<string>() == host.Value)!);

    /// <summary>Until no run holds room for the VM any more. What the server shows is as old as its last look at the fleet, so a run may have ended already.</summary>
    public Task UntilReleasedAsync(VmName vm) => UntilAsync($"the room of {vm} is free again", async () =>
        (await GetAsync("/api/fleet"))["reservations"]!.AsArray().All(r => r!["vm"]!.GetValue<string>() != vm.Value));

    /// <summary>Until every host takes VMs and none is held for a run, as on a fleet where nothing has happened. A server that a test has left dead is started.</summary>
    public async Task SettleAsync()
    {
        if (!IsRunning)
        {
            await StartAsync();
        }

        await UntilAsync("all hosts take VMs and no run holds room on them", async () =>
        {
            var fleet = await GetAsync("/api/fleet");
            return fleet["hosts"]!.AsArray().All(h => new SeenHost(h!).IsUsable) && fleet["reservations"]!.AsArray().Count == 0;
        });
    }

    public async Task UntilAsync(string what, Func<Task<bool>> holds, TimeSpan? within = null)
    {
        var time = within ?? Limit;
        using var limit = new CancellationTokenSource(time);
        while (!await holds())
        {
            Assert.False(limit.IsCancellationRequested, $"Waited {time.TotalSeconds:0} s until {what}. {Words()}");
            await Task.Delay(Pause);
        }
    }

    public async Task DisposeAsync()
    {
        client.Dispose();
        if (process is null)
        {
            // A test has killed it and not started it again: only a server ends the PostgreSQL that was left behind.
            process = Launch();
        }

        using (var terminate = Process.Start("kill", ["-TERM", $"{process.Id}"]))
        {
            await terminate.WaitForExitAsync();
        }

        using var limit = new CancellationTokenSource(Limit);
        await process.WaitForExitAsync(limit.Token);
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private Process Launch()
    {
        string[] settings =
        [
            $"--Data={Path.Combine(folder, "data")}",
            $"--Server:Urls={client.BaseAddress}",
            $"--Workflows:Folder={Path.Combine(LabCommand.RepositoryRoot, "workflows")}",
            "--Fleet:Driver=libvirt",
            $"--Fleet:File={Path.Combine(folder, "fleet.json")}",
            "--Fleet:SampleEvery=00:00:01",
            "--Schedules:0:enabled=false",
            "--Engine:ReconcileFor=00:00:15",
            .. more,
        ];
        var start = new ProcessStartInfo("dotnet", [Built, .. settings])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TMPDIR"] = folder;
        var started = Process.Start(start)!;
        started.OutputDataReceived += (_, line) => Keep(line.Data);
        started.ErrorDataReceived += (_, line) => Keep(line.Data);
        started.BeginOutputReadLine();
        started.BeginErrorReadLine();
        EndWithUs(started.Id);
        return started;
    }

    /// <summary>A test run that is killed leaves no server behind, which takes its PostgreSQL with it.</summary>
    private static void EndWithUs(int server)
    {
        const string Watch = "while kill -0 $1 && kill -0 $2; do sleep 1; done 2>/dev/null; kill -TERM $2 2>/dev/null";
        using var watch = Process.Start(new ProcessStartInfo("sh", ["-c", Watch, "sh", $"{Environment.ProcessId}", $"{server}"]) { UseShellExecute = false })!;
    }

    /// <summary>The lab's fleet file and ssh configuration, with host keys that the tests may change.</summary>
    private void WriteConfiguration()
    {
        var ssh = Path.Combine(lab.Folder, "ssh");
        var config = Path.Combine(folder, "ssh.config");
        File.Copy(Path.Combine(ssh, "known_hosts"), KnownHosts);
        File.WriteAllText(config, File.ReadAllText(Path.Combine(ssh, "config")).Replace($"{ssh}/known_hosts", KnownHosts, StringComparison.Ordinal));
        var fleet = JsonNode.Parse(File.ReadAllText(lab.FleetFilePath))!;
        fleet["sshConfig"] = config;
        File.WriteAllText(Path.Combine(folder, "fleet.json"), fleet.ToJsonString());
    }

    private void Keep(string? line)
    {
        lock (output)
        {
            _ = output.AppendLine(line);
        }
    }

    private string Words()
    {
        lock (output)
        {
            return $"The server said:\n{output}";
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
