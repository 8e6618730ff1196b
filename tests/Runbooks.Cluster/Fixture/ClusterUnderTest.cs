using System.Text.Json.Nodes;
using Npgsql;
using Runbooks.Storage.Embedded;

namespace Runbooks.Cluster.Fixture;

/// <summary>One database of the product, one world, a folder with runbooks, and the processes that work on them.</summary>
public sealed class ClusterUnderTest : IAsyncDisposable
{
    /// <summary>A start of the machine's slowest kind is within it; whatever takes longer will not come.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("runbooks-workers-");
    private readonly List<WorkerProcess> processes = [];
    private readonly string database;
    private readonly string worldDatabase;
    private readonly Dictionary<string, string> settings;
    private int launched;

    private ClusterUnderTest(string database, string worldDatabase, Dictionary<string, string> settings)
    {
        this.database = database;
        this.worldDatabase = worldDatabase;
        this.settings = settings;
        Product = NpgsqlDataSource.Create(database);
        World = NpgsqlDataSource.Create(worldDatabase);
    }

    public NpgsqlDataSource Product { get; }

    public NpgsqlDataSource World { get; }

    public IReadOnlyList<WorkerProcess> Processes => processes;

    /// <param name="servers">Where the databases are made.</param>
    /// <param name="runbooks">What every process ships.</param>
    /// <param name="more">Settings of every process.</param>
    public static async Task<ClusterUnderTest> CreateAsync(Servers servers, string[] runbooks, params (string Key, string Value)[] more)
    {
        ArgumentNullException.ThrowIfNull(servers);
        var cluster = new ClusterUnderTest(
            await Servers.CreateDatabaseAsync(servers.Product, 5),
            await Servers.CreateDatabaseAsync(servers.World, 5),
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Database:MaxConnections"] = "10",
                ["Engine:Lease"] = "00:00:03",
                ["Engine:Concurrency"] = "8",
                ["Engine:FirstPause"] = "00:00:00.1",
            });
        foreach (var (key, value) in more)
        {
            cluster.settings[key] = value;
        }

        await using var sql = typeof(ClusterUnderTest).Assembly.GetManifestResourceStream("world.sql")!;
        using var reader = new StreamReader(sql);
        await ExecuteAsync(cluster.World, await reader.ReadToEndAsync());
        cluster.Ship("workflows", runbooks);
        return cluster;
    }

    /// <summary>Puts runbooks into a folder, as a product ships them; the folder's path.</summary>
    public string Ship(string name, params string[] runbooks)
    {
        ArgumentNullException.ThrowIfNull(runbooks);
        var target = folder.CreateSubdirectory(name);
        foreach (var runbook in runbooks)
        {
            File.WriteAllText(Path.Combine(target.FullName, $"{JsonNode.Parse(runbook)!["definitionId"]}.json"), runbook);
        }

        return target.FullName;
    }

    /// <summary>Starts a process, and waits until it is ready.</summary>
    public async Task<WorkerProcess> StartAsync(params (string Key, string Value)[] more)
    {
        var process = Launch(more);
        Assert.Null(await process.ReadyAsync());
        return process;
    }

    /// <summary>Starts processes side by side.</summary>
    public async Task<IReadOnlyList<WorkerProcess>> StartAsync(int count, params (string Key, string Value)[] more)
    {
        var started = Enumerable.Range(0, count).Select(_ => Launch(more)).ToArray();
        foreach (var process in started)
        {
            Assert.Null(await process.ReadyAsync());
        }

        return started;
    }

    public WorkerProcess Launch(params (string Key, string Value)[] more)
    {
        ArgumentNullException.ThrowIfNull(more);
        var number = Interlocked.Increment(ref launched);
        var all = new Dictionary<string, string>(settings, StringComparer.Ordinal)
        {
            ["Database:ConnectionString"] = database,
            ["World"] = worldDatabase,
            ["Data"] = Path.Combine(folder.FullName, $"data{number}"),
        };
        all.TryAdd("Workflows:Folder", Path.Combine(folder.FullName, "workflows"));
        foreach (var (key, value) in more)
        {
            all[key] = value;
        }

        var process = WorkerProcess.Launch(all.Select(s => $"--{s.Key}={s.Value}"));
        processes.Add(process);
        return process;
    }

    /// <summary>Has a process start runs, and waits for its answer: how many are new, and how many were there.</summary>
    public static async Task<(int New, int There)> StartRunsAsync(WorkerProcess process, string runbook, string prefix, int from, int count, int side = 4)
    {
        ArgumentNullException.ThrowIfNull(process);
        process.Tell($"start {runbook} {prefix} {from} {count} {side}");
        return Started(await process.AnswerAsync(["started "], TimeSpan.FromMinutes(15)));
    }

    public static (int New, int There) Started(string answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var words = answer.Split(' ');
        return (int.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture), int.Parse(words[2], System.Globalization.CultureInfo.InvariantCulture));
    }

    public async Task<T> AskAsync<T>(string sql, NpgsqlDataSource? source = null)
    {
        await using var command = (source ?? Product).CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public Task<long> CountAsync(string from, NpgsqlDataSource? source = null) => AskAsync<long>($"SELECT count(*) FROM {from}", source);

    /// <summary>Waits until something is so; says what was waited for when it never is. The database may be away meanwhile.</summary>
    public async Task UntilAsync(string what, Func<Task<bool>> isSo, TimeSpan? longest = null)
    {
        ArgumentNullException.ThrowIfNull(isSo);
        var until = DateTimeOffset.UtcNow + (longest ?? Limit);
        while (true)
        {
            try
            {
                if (await isSo())
                {
                    return;
                }
            }
            catch (NpgsqlException) when (DateTimeOffset.UtcNow < until)
            {
                // Away.
            }

            if (DateTimeOffset.UtcNow >= until)
            {
                Assert.Fail($"Waited in vain until {what}. {await StateAsync()}{Environment.NewLine}{string.Join(Environment.NewLine, processes.Select(p => $"== {p.Name} {(p.HasExited ? "(ended)" : "")}{Environment.NewLine}{p.Words}"))}");
            }

            await Task.Delay(50);
        }
    }

    /// <summary>Waits until every run is at an end, or needs a person.</summary>
    public Task UntilAtRestAsync(long runs, TimeSpan? longest = null) => UntilAsync(
        $"all {runs} runs are at rest",
        async () => await CountAsync("runbooks.runs WHERE parent_run_id IS NULL") >= runs
            && await CountAsync("runbooks.runs WHERE status IN ('Pending', 'Executing', 'Suspended', 'Paused', 'Compensating')") == 0,
        longest);

    public async Task StopAsync(WorkerProcess process)
    {
        ArgumentNullException.ThrowIfNull(process);
        process.AskToStop();
        var code = await process.EndAsync(TimeSpan.FromSeconds(40));
        Assert.True(code == 0, $"{process.Name} ended with {code?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "nothing in 40 s"}. {process.Words}");
    }

    public async ValueTask DisposeAsync()
    {
        processes.ForEach(p => p.Dispose());
        await Product.DisposeAsync();
        await World.DisposeAsync();
        folder.Delete(recursive: true);
    }

    private async Task<string> StateAsync()
    {
        try
        {
            return await AskAsync<string>(
                """
                SELECT coalesce(string_agg(line, '; '), 'No runs.') FROM (
                    SELECT format('%s x %s %s owner %s', count(*), definition_id, status, coalesce(owner, '-')) || coalesce(': ' || min(reason), '') AS line
                    FROM runbooks.runs GROUP BY definition_id, status, owner) lines
                """);
        }
        catch (NpgsqlException e)
        {
            return e.Message;
        }
    }

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        _ = await command.ExecuteNonQueryAsync();
    }
}
