using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Runbooks.Server.Elsa.Descriptors;
using Runbooks.Server.Tests.Fixture;
using Runbooks.Workflows.Activities;

namespace Runbooks.Server.Tests.Elsa;

[Collection(ServerCollection.Name)]
public sealed class DescriptorTests(ServerUnderTest server)
{
    private const string List = "/elsa/api/descriptors/activities";

    /// <summary>Editors that Studio 3.8 has; it shows nothing for another one.</summary>
    private static readonly string[] Editors =
    [
        "singleline", "multiline", "checkbox", "checklist", "radiolist", "dropdown", "code-editor", "json-editor", "datetime-picker", "multitext", "dictionary", "type-picker",
        "variable-picker", "input-picker", "output-picker", "outcome-picker", "dynamic-outcomes", "switch-editor", "flow-switch-editor", "expression-editor", "workflow-definition-picker",
    ];

    [Fact]
    public async Task Every_activity_of_the_engine_is_told_once_and_in_full()
    {
        var items = (await server.GetAsync($"{List}?Refresh=True"))["items"]!.AsArray();

        var names = items.Select(i => $"{i!["typeName"]} {i["version"]}").ToArray();
        Assert.Equal(names.Distinct(StringComparer.Ordinal), names);
        var known = server.Services.GetRequiredService<ActivityRegistry>().Descriptors.Select(d => $"{d.TypeName} {d.Version}");
        Assert.Empty(known.Append("Elsa.NotFoundActivity 1").Except(names, StringComparer.Ordinal));
        Assert.All(items, i =>
        {
            Assert.All(["displayName", "description", "category", "kind", "namespace", "name"], f => Assert.False(string.IsNullOrWhiteSpace(i![f]?.ToString()), $"{i!["typeName"]} has no {f}."));
            Assert.IsType<JsonObject>(i!["customProperties"]);
            Assert.IsType<JsonObject>(i["constructionProperties"]);
            Assert.All(i["inputs"]!.AsArray(), input => Assert.Contains(input!["uiHint"]!.ToString(), Editors));
            Assert.All(i["inputs"]!.AsArray(), input => Assert.False(string.IsNullOrWhiteSpace(input!["description"]!.ToString()), $"{i["typeName"]}.{input["name"]} says nothing."));
        });
    }

    [Fact]
    public void Outcomes_are_handles_of_the_node_and_children_are_places_in_it()
    {
        Assert.Equal(["Done:Flow", "AlreadyThere:Flow"], Ports("Runbooks.CheckMigration"));
        Assert.Equal(["Done:Flow", "Then:Embedded", "Else:Embedded"], Ports("Elsa.If"));
        Assert.Equal([], Ports("Elsa.End"));
        Assert.Equal([], Ports("Elsa.FlowSwitch"));
        Assert.False(View("Elsa.Fork").IsBrowsable);
        Assert.Equal("Trigger", View("Elsa.Timer").Kind);
    }

    [Fact]
    public async Task Hosts_vms_and_pools_are_chosen_from_the_live_fleet()
    {
        await LookedAtAsync();
        var host = View("Runbooks.CordonHost").Inputs.Single(i => i.Name == "Host");
        Assert.Equal("dropdown", host.UiHint);
        Assert.Equal(12, Items(host.UiSpecifications!).Count);

        var (answer, body) = await server.PostAsync($"{List}/Runbooks.CheckMigration/options/Vm", "{}");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains(Items(body["items"]!), i => i!["value"]!.ToString() == "vm01");
        var pools = Items(View("Runbooks.PlanConsolidation").Inputs.Single(i => i.Name == "Pool").UiSpecifications!);
        Assert.Equal("", pools[0]!["value"]!.ToString());
        Assert.Contains("30 %", Items(View("Runbooks.PlanConsolidation").Inputs.Single(i => i.Name == "LoadMin").UiSpecifications!)[0]!["text"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_enum_allows_is_a_list_to_choose_from()
    {
        var mode = View("Elsa.FlowJoin").Inputs.Single(i => i.Name == "Mode");

        Assert.Equal(["WaitAll", "WaitAllActive", "WaitAny"], Items(mode.UiSpecifications!).Select(i => i!["value"]!.ToString()));
        Assert.Equal("WaitAny", mode.DefaultValue!.ToString());
    }

    [Fact]
    public async Task A_browser_that_has_the_list_is_not_sent_it_again()
    {
        using var first = await server.Http.GetAsync(List);
        using var again = new HttpRequestMessage(HttpMethod.Get, List);
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);

        using var answer = await server.Http.SendAsync(again);

        Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
    }

    [Fact]
    public async Task The_list_is_packed_for_those_who_can_unpack_it()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, List);
        request.Headers.AcceptEncoding.ParseAdd("gzip, br;q=0");

        using var answer = await server.Http.SendAsync(request);

        Assert.Equal("gzip", answer.Content.Headers.ContentEncoding.Single());
        Assert.Contains("Accept-Encoding", answer.Headers.Vary);
        await using var plain = new System.IO.Compression.GZipStream(await answer.Content.ReadAsStreamAsync(), System.IO.Compression.CompressionMode.Decompress);
        Assert.NotNull(await JsonNode.ParseAsync(plain));
    }

    [Theory]
    [InlineData("SetVariable", "Set variable")]
    [InlineData("CurrentValue", "Current value")]
    [InlineData("RunID", "Run ID")]
    [InlineData("HTTPCode", "HTTP code")]
    [InlineData("Done", "Done")]
    public void Names_of_programs_become_words(string name, string words) => Assert.Equal(words, ActivityViews.Words(name));

    /// <summary>The fleet is looked at for the first time shortly after the start.</summary>
    private async Task LookedAtAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await server.GetAsync("/api/fleet"))["hosts"]!.AsArray().Count == 0)
        {
            await Task.Delay(50, limit.Token);
        }
    }

    private static JsonArray Items(JsonNode specifications) => specifications["dropdown"]!["selectList"]!["items"]!.AsArray();

    private ActivityView View(string type) => server.Services.GetRequiredService<DescriptorBoard>().Find(type)!;

    private IEnumerable<string> Ports(string type) => View(type).Ports.Select(p => $"{p.Name}:{p.Type}");
}
