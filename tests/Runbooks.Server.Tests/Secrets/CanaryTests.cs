using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Runbooks.Server.Configuration;
using Runbooks.Workflows.Activities;

namespace Runbooks.Server.Tests.Secrets;

/// <summary>
/// A value is planted as a secret and used by an activity that says it wherever it can. Afterwards it is looked for in
/// every column of every table, in the log, and in the answers of the API.
/// </summary>
public sealed class CanaryTests : IAsyncLifetime
{
    public const string Canary = "canary-Zk93vQ+x/1";

    private const string Definition =
        """
        {
          "definitionId": "leaky", "name": "Leaky", "inputs": [ { "name": "Mode", "type": "String" } ], "outputs": [], "variables": [ { "id": "seen", "name": "Seen", "typeName": "Object" } ],
          "root": {
            "id": "Sequence1", "type": "Elsa.Sequence", "activities": [
              { "id": "leak", "type": "Test.Leaky",
                "key": { "typeName": "String", "expression": { "type": "Secret", "value": "api-key" } },
                "mode": { "typeName": "String", "expression": { "type": "Input", "value": "Mode" } },
                "result": { "typeName": "Object", "memoryReference": { "id": "seen" } } },
              { "id": "line", "type": "Elsa.WriteLine", "text": { "typeName": "String", "expression": { "type": "JavaScript", "value": "return JSON.stringify(getVariable('Seen')) + JSON.stringify(getOutputFrom('leak', 'Result'));" } } }
            ]
          }
        }
        """;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("runbooks-canary-");
    private WebApplication? app;

    public async Task InitializeAsync()
    {
        if (!OperatingSystem.IsWindows())
        {
            // The private database may run as an account of its own, which has to come through here.
            File.SetUnixFileMode(folder.FullName, File.GetUnixFileMode(folder.FullName) | UnixFileMode.OtherExecute);
        }

        var workflows = folder.CreateSubdirectory("workflows").FullName;
        var secrets = folder.CreateSubdirectory("secrets").FullName;
        await File.WriteAllTextAsync(Path.Combine(workflows, "leaky.json"), Definition);
        await File.WriteAllTextAsync(Path.Combine(secrets, "api-key"), Canary + "\n");
        var builder = ServerHost.CreateBuilder([
            "--Server:Urls=http://127.0.0.1:0", $"--Data={folder.FullName}/var", "--Simulation:Speed=0", $"--Workflows:Folder={workflows}",
            "--Schedules:0:enabled=false", $"--Secrets:Folder={secrets}", "--Engine:FirstPause=00:00:00.05", "--Engine:ReconcileFor=00:00:00.2", "--Engine:MaxAttempts=2",
        ]);
        var (settings, problems) = Settings.Read(builder.Configuration);
        Assert.Empty(problems);
        app = ServerHost.Build(builder, settings!);
        _ = app.Services.GetRequiredService<ActivityRegistry>().Add<Leaky>();
        await app.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await app!.DisposeAsync();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_secret_reaches_the_effect_and_is_in_no_table_no_log_and_no_answer()
    {
        using var http = new HttpClient { BaseAddress = new Uri(app!.Urls.Single()) };
        var answers = new List<string>();
        foreach (var mode in new[] { "succeed", "fail", "throw" })
        {
            answers.Add(await RunAsync(http, mode));
        }

        Assert.True(Leaky.Arrived >= 3, $"The value arrived {Leaky.Arrived} times.");
        Assert.Contains("finished", answers[0], StringComparison.Ordinal);
        Assert.Contains("•••", answers[1], StringComparison.Ordinal);
        Assert.All(answers, a => Assert.DoesNotContain(Canary, a, StringComparison.Ordinal));
        var (tables, texts) = await EverythingAsync();
        Assert.True(tables > 10, $"Only {tables} tables were read.");
        Assert.Contains(texts, t => t.Contains("$secret", StringComparison.Ordinal));
        Assert.DoesNotContain(texts, t => t.Contains(Canary, StringComparison.Ordinal));
        await app.StopAsync();
        var log = string.Concat(Directory.EnumerateFiles(Path.Combine(folder.FullName, "var", "log")).Where(f => f.EndsWith(".log", StringComparison.Ordinal)).Select(Read));
        Assert.Contains("the key is •••", log, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, log, StringComparison.Ordinal);
    }

    /// <summary>Runs it to its end, undoes what has finished, and returns all that the API shows of it.</summary>
    private static async Task<string> RunAsync(HttpClient http, string mode)
    {
        using var started = await http.PostAsJsonAsync("/api/runs", new JsonObject { ["runbook"] = "leaky", ["input"] = new JsonObject { ["Mode"] = mode } });
        var id = (await started.Content.ReadFromJsonAsync<JsonNode>())!["id"]!.ToString();
        var shown = await WaitAsync(http, id, s => s is not ("pending" or "executing" or "compensating"));
        if (mode == "succeed")
        {
            using var undone = await http.PostAsJsonAsync($"/api/runs/{id}:undo", new JsonObject { ["actor"] = "bert", ["reason"] = "x" });
            Assert.True(undone.IsSuccessStatusCode);
            shown += await WaitAsync(http, id, s => s == "compensated");
        }

        return shown + await http.GetStringAsync($"/api/runs/{id}/journal") + await http.GetStringAsync($"/runs/{id}");
    }

    private static async Task<string> WaitAsync(HttpClient http, string id, Func<string, bool> wanted)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var text = await http.GetStringAsync($"/api/runs/{id}", limit.Token);
            if (wanted(JsonNode.Parse(text)!["run"]!["status"]!.ToString()))
            {
                return text;
            }

            await Task.Delay(50, limit.Token);
        }
    }

    /// <summary>Every row of every table of the database, as text.</summary>
    private async Task<(int Tables, IReadOnlyList<string> Texts)> EverythingAsync()
    {
        var database = app!.Services.GetRequiredService<NpgsqlDataSource>();
        var tables = await ReadAsync(database, "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')");
        var texts = new List<string>();
        foreach (var table in tables)
        {
            texts.AddRange(await ReadAsync(database, $"SELECT t::text FROM {table} t"));
        }

        return (tables.Count, texts);
    }

    private static async Task<List<string>> ReadAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var texts = new List<string>();
        while (await reader.ReadAsync())
        {
            texts.Add(reader.GetString(0));
        }

        return texts;
    }

    private static string Read(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
