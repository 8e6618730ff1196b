using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Runbooks.Server.Tests.Fixture;
using Runbooks.Workflows.Library.Diff;

namespace Runbooks.Server.Tests.Elsa;

/// <summary>Definitions go out as files and come back, and nothing is lost on the way.</summary>
[Collection(ServerCollection.Name)]
public sealed class DefinitionFileTests(ServerUnderTest server)
{
    private readonly Studio editor = new(server, "edda");
    private readonly Studio publisher = new(server, "paul");

    public static TheoryData<string> Shipped =>
        [.. Directory.EnumerateFiles(Path.Combine(Place.Repository, "workflows"), "*.json").Select(f => Path.GetFileNameWithoutExtension(f)!)];

    [Theory]
    [MemberData(nameof(Shipped))]
    public async Task A_shipped_runbook_goes_round_without_a_difference_in_meaning(string id)
    {
        var file = await File.ReadAllTextAsync(Path.Combine(Place.Repository, "workflows", id + ".json"));
        var exported = await TextAsync($"/workflow-definitions/{id}/export");

        // Under another id, so that it is stored and not only found unchanged.
        var copy = JsonNode.Parse(exported)!;
        copy["definitionId"] = id + "-round";
        var imported = await ImportedAsync(copy);
        var again = await TextAsync($"/workflow-definitions/{id}-round/export");

        // And through the designer, which writes everything anew, with a change that makes it save.
        var rewritten = DefinitionEditTests.Rewritten(imported);
        rewritten["description"] = "rewritten";
        _ = await editor.SavedAsync(rewritten);
        var saved = await TextAsync($"/workflow-definitions/{id}-round/export");

        Assert.Empty(DefinitionDiffer.Of(file, exported).Changes);
        Assert.Empty(DefinitionDiffer.Of(exported, again).Changes);
        Assert.Equal("description", Assert.Single(DefinitionDiffer.Of(exported, saved).Changes).Field);
        Assert.Equal(Stable(exported), Stable(again));
        Assert.Equal(WithoutSizes(Stable(exported)), WithoutSizes(Stable(saved)));
        Assert.StartsWith("{\n  \"$schema\": \"https://elsaworkflows.io/schemas/workflow-definition/v3.0.0/schema.json\"", exported, StringComparison.Ordinal);

        // It can be published as it came.
        var (status, body) = await publisher.PostAsync($"/workflow-definitions/{id}-round/publish");
        Assert.True(status == HttpStatusCode.OK, body?.ToJsonString());
        _ = await publisher.PostAsync($"/workflow-definitions/{id}-round", null, HttpMethod.Delete);
    }

    [Fact]
    public async Task Fields_that_nobody_knows_stay()
    {
        var draft = await editor.CreatedAsync("Unknown fields");
        draft["acme"] = JsonNode.Parse("""{ "Deep": [1, { "X": null }] }""");
        draft["options"]!["acmeOption"] = "o";
        draft["customProperties"]!["Acme:Custom"] = new JsonObject { ["K"] = 1 };
        draft["root"]!["activities"]![1]!["AcmeField"] = new JsonObject { ["Y"] = 2 };

        _ = await editor.SavedAsync(draft);
        var file = JsonNode.Parse(await TextAsync("/workflow-definitions/unknown-fields/export"))!;

        Assert.True(JsonNode.DeepEquals(draft["acme"], file["acme"]), file.ToJsonString());
        Assert.Equal("o", file["options"]!["acmeOption"]!.ToString());
        Assert.Equal(1, file["customProperties"]!["Acme:Custom"]!["K"]!.GetValue<int>());
        Assert.Equal(2, file["root"]!["activities"]![1]!["AcmeField"]!["Y"]!.GetValue<int>());
        Assert.Null(file["customProperties"]!["runbooks:revision"]);
    }

    [Fact]
    public async Task The_file_of_an_export_is_named_as_Elsa_names_it_and_many_come_in_a_zip()
    {
        using var one = await editor.SendAsync(HttpMethod.Get, "/workflow-definitions/migrate-vm/export?versionOptions=1&includeConsumingWorkflows=False");
        using var consumers = await editor.SendAsync(HttpMethod.Get, "/workflow-definitions/migrate-vm/export?versionOptions=1&includeConsumingWorkflows=True");
        using var body = new StringContent("""{ "ids": ["migrate-vm.1", "consolidate.1", "gone.1"], "includeConsumingWorkflows": false }""", Encoding.UTF8, "application/json");
        using var many = await editor.SendAsync(HttpMethod.Post, "/bulk-actions/export/workflow-definitions", body);

        Assert.Equal("workflow-definition-migrate-vm-migrate-vm-migrate-vm.1.json", one.Content.Headers.ContentDisposition!.FileNameStar ?? one.Content.Headers.ContentDisposition.FileName);
        Assert.Equal("workflow-definitions.zip", many.Content.Headers.ContentDisposition!.FileName);
        Assert.Equal(["migrate-vm", "consolidate"], await IdsAsync(many));
        Assert.Equal(["migrate-vm", "consolidate", "evacuate-host", "scale-vm"], await IdsAsync(consumers));
    }

    [Fact]
    public async Task Files_are_imported_together_as_drafts()
    {
        var (status, body) = await SendFilesAsync(
            ("zipped.zip", Zip(("a.json", Definition("import-a")), ("folder/b.json", Definition("import-b")), ("readme.txt", "no"))),
            ("c.json", Encoding.UTF8.GetBytes(Definition("import-c"))));

        Assert.Equal((HttpStatusCode.OK, 3), (status, body["count"]!.GetValue<int>()));
        var imported = await editor.LatestAsync("import-b");
        Assert.Equal((1, false), (imported["version"]!.GetValue<int>(), imported["isPublished"]!.GetValue<bool>()));
        Assert.Equal("Workflow1:S:w", imported["root"]!["activities"]![0]!["nodeId"]!.ToString());
        Assert.Equal("Imported", (await server.GetAsync("/api/runbooks/import-a/history"))[0]!["verb"]!.ToString());
    }

    [Fact]
    public async Task When_one_file_is_wrong_nothing_is_imported_and_each_is_named()
    {
        var (status, body) = await SendFilesAsync(
            ("good.json", Encoding.UTF8.GetBytes(Definition("import-good"))),
            ("torn.json", Encoding.UTF8.GetBytes("""{ "definitionId": """)),
            ("rootless.json", Encoding.UTF8.GetBytes("""{ "definitionId": "rootless" }""")),
            ("twice.json", Encoding.UTF8.GetBytes(Definition("import-good"))),
            ("odd.json", Encoding.UTF8.GetBytes(Definition("../etc"))));
        var toast = Studio.Toast(body);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("torn.json: Not JSON", toast, StringComparison.Ordinal);
        Assert.Contains("rootless.json: 'root' is missing", toast, StringComparison.Ordinal);
        Assert.Contains("twice.json: its definitionId 'import-good' is that of good.json too", toast, StringComparison.Ordinal);
        Assert.Contains("odd.json: '../etc' can't be the id", toast, StringComparison.Ordinal);
        using var missing = await editor.SendAsync(HttpMethod.Get, "/workflow-definitions/by-definition-id/import-good");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Contains("no zip that can be read", Studio.Toast((await SendFilesAsync(("x.zip", [1, 2, 3]))).Body), StringComparison.Ordinal);
        Assert.Contains("There is no definition", Studio.Toast((await SendFilesAsync(("x.zip", Zip(("readme.txt", "no"))))).Body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_export_of_an_older_Elsa_is_read()
    {
        var (status, body) = await editor.PostAsync("/workflow-definitions/import", JsonNode.Parse(
            """
            { "DefinitionId": "old-export", "Name": "Old", "Root": { "$type": "x", "Id": "S", "Type": "Elsa.Sequence",
              "Activities": { "$values": [ { "Id": "w", "Type": "Elsa.WriteLine", "Text": { "TypeName": "String", "Expression": { "Type": "Literal", "Value": "Hi" } } } ] } } }
            """));

        Assert.True(status == HttpStatusCode.OK, body?.ToJsonString());
        Assert.Equal("Hi", body!["root"]!["activities"]![0]!["text"]!["expression"]!["value"]!.ToString());
    }

    [Fact]
    public async Task What_lies_inside_of_an_activity_is_shown_by_itself()
    {
        var draft = await editor.CreatedAsync("Nested parts");
        draft["root"]!["activities"]!.AsArray().Add(JsonNode.Parse("""{ "id": "if", "type": "Elsa.If", "then": { "id": "inner", "type": "Elsa.Flowchart", "activities": [ { "id": "leaf", "type": "Elsa.WriteLine" } ], "connections": [] } }"""));
        var id = (await editor.SavedAsync(draft))["id"]!.ToString();

        var part = await editor.GetAsync($"/workflow-definitions/subgraph/{id}?parentNodeId=Workflow1:Flowchart1:if");
        var way = await editor.GetAsync($"/workflow-definitions/subgraph/segments/{id}?childNodeId=Workflow1:Flowchart1:if:inner:leaf");

        Assert.Equal("inner", part["children"]![0]!["activity"]!["id"]!.ToString());
        Assert.Equal(("then", "Workflow1:Flowchart1:if:inner:leaf"), (part["children"]![0]!["port"]!.ToString(), part["children"]![0]!["children"]![0]!["nodeId"]!.ToString()));
        Assert.Equal(("if", "then"), Assert.Single(way["pathSegments"]!.AsArray()) is { } s ? (s["activityId"]!.ToString(), s["portName"]!.ToString()) : default);
        Assert.Equal("inner", way["container"]!["id"]!.ToString());
    }

    [Fact]
    public async Task Those_who_have_a_runbook_built_in_are_led_to_its_newer_version()
    {
        var part = await publisher.CreatedAsync("Part of others");
        part["options"]!["usableAsActivity"] = true;
        part = await publisher.SavedAsync(part, publish: true);
        var outer = await publisher.CreatedAsync("Outer of part");
        outer["root"]!["activities"]!.AsArray().Add(JsonNode.Parse("""{ "id": "part", "type": "PartOfOthers", "version": 1, "workflowDefinitionId": "part-of-others", "workflowDefinitionVersionId": "part-of-others.1" }"""));
        outer = await publisher.SavedAsync(outer, publish: true);
        var asShown = outer["root"]!["activities"]!.AsArray().Single(a => a!["id"]!.ToString() == "part")!;
        part["description"] = "second";
        _ = await publisher.SavedAsync(part, publish: true);

        var (_, updated) = await publisher.PostAsync("/workflow-definitions/part-of-others/update-references");
        var (_, again) = await publisher.PostAsync("/workflow-definitions/part-of-others/update-references");
        var after = await publisher.LatestAsync("outer-of-part");

        Assert.Equal("PartOfOthers", asShown["type"]!.ToString());
        Assert.Equal("""["outer-of-part"]""", updated!["affectedWorkflows"]!.ToJsonString());
        Assert.Equal("[]", again!["affectedWorkflows"]!.ToJsonString());
        Assert.Equal((2, true), (after["version"]!.GetValue<int>(), after["isPublished"]!.GetValue<bool>()));
        Assert.Equal("2", after["root"]!["activities"]!.AsArray().Single(a => a!["id"]!.ToString() == "part")!["version"]!.ToString());
        Assert.Contains("outer-of-part", Studio.Toast((await publisher.PostAsync("/workflow-definitions/part-of-others", null, HttpMethod.Delete)).Body), StringComparison.Ordinal);
    }

    private static string Definition(string id) =>
        $$"""{ "definitionId": "{{id}}", "name": "{{id.Trim('.', '/')}}", "isPublished": true, "root": { "id": "S", "type": "Elsa.Sequence", "activities": [ { "id": "w", "type": "Elsa.WriteLine" } ] } }""";

    private static byte[] Zip(params (string Name, string Text)[] files)
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in files)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        return memory.ToArray();
    }

    private static async Task<string[]> IdsAsync(HttpResponseMessage answer)
    {
        await using var zip = new ZipArchive(await answer.Content.ReadAsStreamAsync());
        return [.. zip.Entries.Select(e => JsonNode.Parse(e.Open())!["definitionId"]!.ToString())];
    }

    /// <summary>The file without what belongs to the version, line by line as it was written.</summary>
    private static string Stable(string file)
    {
        var json = JsonNode.Parse(file)!.AsObject();
        foreach (var name in new[] { "id", "definitionId", "createdAt", "version", "isLatest", "isPublished", "description" })
        {
            _ = json.Remove(name);
        }

        return json.ToJsonString();
    }

    private static string WithoutSizes(string file) => System.Text.RegularExpressions.Regex.Replace(file, "\"size\":\\{[^}]*\\}", "\"size\":0", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(5));

    private async Task<string> TextAsync(string path)
    {
        using var answer = await editor.SendAsync(HttpMethod.Get, path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync();
    }

    private async Task<JsonNode> ImportedAsync(JsonNode definition)
    {
        var (status, body) = await editor.PostAsync("/workflow-definitions/import", definition);
        Assert.True(status == HttpStatusCode.OK, body?.ToJsonString());
        return body!;
    }

    private async Task<(HttpStatusCode Status, JsonNode Body)> SendFilesAsync(params (string Name, byte[] Content)[] files)
    {
        using var form = new MultipartFormDataContent();
        foreach (var (name, content) in files)
        {
            var part = new ByteArrayContent(content);
            part.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            form.Add(part, "files", name);
        }

        using var answer = await editor.SendAsync(HttpMethod.Post, "/workflow-definitions/import-files", form);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }
}
