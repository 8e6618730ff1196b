using System.Text.Json.Nodes;
using Runbooks.Server.Tests.Elsa;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Cli;

/// <summary>Runbooks between a server and a folder that is under version control.</summary>
[Collection(ServerCollection.Name)]
public sealed class DefinitionCliTests(ServerUnderTest server)
{
    private static string Shipped(string id) => Path.Combine(Place.Repository, "workflows", id + ".json");

    [Fact]
    public async Task What_has_not_changed_exports_to_the_same_file_and_says_so()
    {
        var folder = Directory.CreateTempSubdirectory("runbooks-export-").FullName;

        var (code, first, error) = await RunAsync("definitions", "export", "migrate-vm", "consolidate", "--to", folder);
        var before = await File.ReadAllTextAsync(Path.Combine(folder, "migrate-vm.json"));
        var (_, second, _) = await RunAsync("definitions", "export", "migrate-vm", "--to", folder, "--json");
        var (same, said, _) = await RunAsync("definitions", "diff", Shipped("migrate-vm"), Path.Combine(folder, "migrate-vm.json"), "--exit-code");
        var (checkedCode, told, _) = await RunAsync("definitions", "validate", folder);

        Assert.True(code == 0, error);
        Assert.Contains("consolidate.json", first, StringComparison.Ordinal);
        Assert.False(JsonNode.Parse(second)![0]!["changed"]!.GetValue<bool>());
        Assert.Equal(before, await File.ReadAllTextAsync(Path.Combine(folder, "migrate-vm.json")));
        Assert.DoesNotContain("createdAt", before, StringComparison.Ordinal);
        Assert.Equal((0, "Nothing differs."), (same, said.Trim()));
        Assert.Equal((0, "2 definitions can run."), (checkedCode, told.Trim()));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_file_is_imported_as_a_draft_compared_and_published_with_a_reason()
    {
        var id = (await new Studio(server, "paul").CreatedAsync("From a folder", publish: true))["definitionId"]!.ToString();
        var folder = Directory.CreateTempSubdirectory("runbooks-import-").FullName;
        _ = await RunAsync("definitions", "export", id, "--to", folder);
        var file = Path.Combine(folder, id + ".json");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("hello", "good morning", StringComparison.Ordinal));

        var (code, said, error) = await RunAsync("definitions", "import", file, "--actor", "edda");
        var (differs, lines, _) = await RunAsync("definitions", "diff", $"{id}@published", $"{id}@draft", "--exit-code");
        var (refused, _, why) = await RunAsync("definitions", "import", file, "--publish", "--actor", "edda", "--reason", "better");
        var (published, now, _) = await RunAsync("definitions", "import", file, "--publish", "--actor", "paul", "--reason", "better");
        var (_, list, _) = await RunAsync("definitions", "list", "--json");

        Assert.True(code == 0, error);
        Assert.Equal($"{id} version 2: draft", said.Trim());
        Assert.Equal((1, """~ activity 'Say it' (Elsa.WriteLine, line): text: Literal "hello" → Literal "good morning" """.Trim()), (differs, lines.Trim()));
        Assert.Equal(2, refused);
        Assert.Contains("edda may not do this", why, StringComparison.Ordinal);
        Assert.Equal((0, $"{id} version 2: published"), (published, now.Trim()));
        var listed = JsonNode.Parse(list)!.AsArray().Single(r => r!["runbook"]!.ToString() == id)!;
        Assert.Equal(("2", "better", "paul"), (listed["published"]!["version"]!.ToString(), listed["published"]!["reason"]!.ToString(), listed["published"]!["changedBy"]!.ToString()));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_definition_that_cannot_run_is_found_without_a_server()
    {
        var folder = Directory.CreateTempSubdirectory("runbooks-check-").FullName;
        var bad = Path.Combine(folder, "bad.json");
        await File.WriteAllTextAsync(bad, TestRunbooks.Broken);
        await File.WriteAllTextAsync(Path.Combine(folder, "good.json"), TestRunbooks.Alone);
        var script = Path.Combine(folder, "script.json");
        await File.WriteAllTextAsync(script, TestRunbooks.Ask.Replace("return 'Empty '", "return return", StringComparison.Ordinal).Replace("\"ask\", \"name\"", "\"script\", \"name\"", StringComparison.Ordinal));

        var (code, said, _) = await RunAsync("definitions", "validate", bad, Path.Combine(folder, "good.json"), "--server", "http://127.0.0.1:9");
        var (json, body, _) = await RunAsync("definitions", "validate", script, "--json");

        Assert.Equal(2, code);
        Assert.Contains($"{bad}: activity 'odd': Type 'Elsa.SendSmokeSignal' is not known here", said, StringComparison.Ordinal);
        Assert.Contains("1 of 2 definitions can't run.", said, StringComparison.Ordinal);
        Assert.Equal(2, json);
        Assert.Equal("ask", Assert.Single(JsonNode.Parse(body)!["problems"]!.AsArray())!["activity"]!.ToString());
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("There is no runbook 'nope'", "definitions", "export", "nope", "--to", "/tmp/nowhere")]
    [InlineData("There is no version '99'", "definitions", "diff", "migrate-vm@99", "migrate-vm")]
    [InlineData("There is no file 'some.json'", "definitions", "diff", "some.json", "migrate-vm")]
    [InlineData("can't be read", "definitions", "import", "/nowhere/at/all.json")]
    [InlineData("--reason", "definitions", "import", "/nowhere/at/all.json", "--publish")]
    public async Task Bad_usage_is_exit_code_two(string sentence, params string[] arguments)
    {
        var (code, _, error) = await RunAsync(arguments);

        Assert.Equal(2, code);
        Assert.Contains(sentence, error, StringComparison.Ordinal);
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => CommandLine.RunAsync(server.Url, arguments);
}
