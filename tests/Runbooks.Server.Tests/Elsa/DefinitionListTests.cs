using System.Net;
using System.Text.Json.Nodes;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Elsa;

/// <summary>The list in each form in which the designer asks for it.</summary>
[Collection(ServerCollection.Name)]
public sealed class DefinitionListTests(ServerUnderTest server)
{
    private readonly Studio publisher = new(server, "paul");

    [Fact]
    public async Task The_list_is_paged_searched_and_ordered_by_name()
    {
        var first = await publisher.GetAsync("/workflow-definitions?versionOptions=Latest&Page=0&PageSize=2&SearchTerm=&IsSystem=False&OrderDirection=Ascending");
        var second = await publisher.GetAsync("/workflow-definitions?versionOptions=Latest&Page=1&PageSize=2&SearchTerm=&IsSystem=False&OrderDirection=Ascending");
        var found = await publisher.GetAsync("/workflow-definitions?versionOptions=Latest&SearchTerm=MIGRATE");

        Assert.Equal(2, first["items"]!.AsArray().Count);
        Assert.Equal(first["totalCount"]!.GetValue<int>(), second["totalCount"]!.GetValue<int>());
        var names = Names(first).Concat(Names(second)).ToArray();
        Assert.Equal(4, names.Distinct().Count());
        Assert.Equal(names.OrderBy(n => n.ToUpperInvariant(), StringComparer.Ordinal), names);
        var migrate = Assert.Single(found["items"]!.AsArray(), i => i!["definitionId"]!.ToString() == "migrate-vm")!;
        Assert.Equal("Migrate VM", migrate["name"]!.ToString());
        Assert.Equal(("migrate-vm.1", "Json"), (migrate["id"]!.ToString(), migrate["materializerName"]!.ToString()));
        Assert.Contains(migrate["links"]!.AsArray(), l => l!["rel"]!.ToString() == "publish");
        Assert.Contains(first["links"]!.AsArray(), l => l!["rel"]!.ToString() == "bulk-publish");
    }

    [Fact]
    public async Task Versions_are_asked_for_in_every_way()
    {
        var id = (await publisher.CreatedAsync("Many versions", publish: true))["definitionId"]!.ToString();
        var draft = await publisher.LatestAsync(id);
        draft["description"] = "changed";
        _ = await publisher.SavedAsync(draft);

        Assert.Equal(["many-versions.2", "many-versions.1"], Ids(await publisher.GetAsync($"/workflow-definitions?versionOptions=AllVersions&DefinitionIds={id}&OrderBy=Version&OrderDirection=Descending")));
        Assert.Equal(["many-versions.1"], Ids(await publisher.GetAsync($"/workflow-definitions?versionOptions=Published&DefinitionIds={id}&DefinitionIds=nobody")));
        Assert.Equal(["many-versions.2"], Ids(await publisher.GetAsync($"/workflow-definitions?versionOptions=Draft&DefinitionIds={id}")));
        Assert.Equal(["many-versions.1"], Ids(await publisher.GetAsync($"/workflow-definitions?versionOptions=1&DefinitionIds={id}")));
        Assert.Equal(["many-versions.1", "migrate-vm.1"], Ids(await publisher.GetAsync("/workflow-definitions?versionOptions=&Ids=many-versions.1&Ids=migrate-vm.1&Ids=gone.7")));
        Assert.Equal(2, Ids(await publisher.GetAsync($"/workflow-definitions?versionOptions=LatestOrPublished&DefinitionIds={id}")).Length);
        Assert.Empty(Ids(await publisher.GetAsync($"/workflow-definitions?versionOptions=LatestAndPublished&DefinitionIds={id}")));
        Assert.Equal(1, (await publisher.GetAsync($"/workflow-definitions/by-definition-id/{id}?versionOptions=Published"))["version"]!.GetValue<int>());
        Assert.Equal(2, (await publisher.GetAsync($"/workflow-definitions/{id}"))["version"]!.GetValue<int>());
        Assert.False((await publisher.GetAsync("/workflow-definitions/by-id/many-versions.1"))["isLatest"]!.GetValue<bool>());
        Assert.Equal(2, (await publisher.GetAsync("/workflow-definitions/many-by-id?ids=many-versions.1&ids=many-versions.2"))["count"]!.GetValue<int>());
        Assert.Equal(2, (await publisher.GetAsync($"/workflow-definitions/{id}/versions"))["totalCount"]!.GetValue<int>());
        Assert.True((await publisher.GetAsync("/workflow-definitions/query/count"))["count"]!.GetValue<int>() > 5);
    }

    [Theory]
    [InlineData("/workflow-definitions/by-definition-id/nothing")]
    [InlineData("/workflow-definitions/by-id/nothing.1")]
    [InlineData("/workflow-definitions/by-id/nothing")]
    [InlineData("/workflow-definitions/by-definition-id/migrate-vm?versionOptions=77")]
    public async Task What_is_not_there_is_not_found(string path)
    {
        using var answer = await publisher.SendAsync(HttpMethod.Get, path);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task A_definition_has_whatever_the_designer_cannot_do_without()
    {
        var definition = await publisher.LatestAsync("migrate-vm");

        Assert.Equal(["createdAt", "customProperties", "definitionId", "description", "id", "inputs", "isLatest", "isPublished", "isReadonly", "isSystem", "links", "name", "options", "outcomes", "outputs", "root", "tenantId", "toolVersion", "variables", "version"],
            definition.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal));
        Assert.Equal("Workflow1:Flowchart1", definition["root"]!["nodeId"]!.ToString());
        Assert.All(definition["root"]!["activities"]!.AsArray(), a => Assert.Equal($"Workflow1:Flowchart1:{a!["id"]}", a["nodeId"]!.ToString()));
        Assert.Equal(0, definition["customProperties"]!["runbooks:revision"]!.GetValue<long>());
        Assert.False(definition["isReadonly"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Who_may_only_read_gets_nothing_to_press()
    {
        var reader = new Studio(server, "anna");

        var definition = await reader.LatestAsync("consolidate");
        var list = await reader.GetAsync("/workflow-definitions?versionOptions=Latest");

        Assert.True(definition["isReadonly"]!.GetValue<bool>());
        Assert.DoesNotContain(definition["links"]!.AsArray(), l => l!["rel"]!.ToString() is "publish" or "retract" or "delete");
        Assert.DoesNotContain(list["links"]!.AsArray(), l => l!["rel"]!.ToString() is "bulk-publish" or "create" or "import");
    }

    [Fact]
    public async Task Whether_a_name_is_taken_is_told_before_it_is_used()
    {
        Assert.False(await IsUniqueAsync("name=migrate%20vm"));
        Assert.True(await IsUniqueAsync("name=Migrate%20VM&definitionId=migrate-vm"));
        Assert.True(await IsUniqueAsync("name=Something%20else&definitionId="));

        async Task<bool> IsUniqueAsync(string query) => (await publisher.GetAsync($"/workflow-definitions/validation/is-name-unique?{query}"))["isUnique"]!.GetValue<bool>();
    }

    private static string[] Ids(JsonNode list) => [.. list["items"]!.AsArray().Select(i => i!["id"]!.ToString())];

    private static string[] Names(JsonNode list) => [.. list["items"]!.AsArray().Select(i => i!["name"]!.ToString())];
}
