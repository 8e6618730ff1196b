using System.Text.Json.Nodes;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Cli;

[Collection(ServerCollection.Name)]
public sealed class MigrationCliTests(ServerUnderTest server)
{
    [Fact]
    public async Task A_forecast_is_two_sentences_for_people_and_json_for_programs()
    {
        var (code, words, _) = await CommandLine.RunAsync(server.Url, "forecast", "--memory", "1024", "--bandwidth", "100", "--dirty", "20", "--hypervisor", "unlearnt", "--deadline", "5");
        var (_, json, _) = await CommandLine.RunAsync(server.Url, "forecast", "--memory", "1024", "--bandwidth", "100", "--dirty", "20", "--hypervisor", "unlearnt", "--json");

        Assert.Equal(0, code);
        Assert.Contains("The copy converges.", words, StringComparison.Ordinal);
        Assert.Contains("For the deadline: With", words, StringComparison.Ordinal);
        Assert.True(JsonNode.Parse(json)!["forecast"]!["timeSeconds"]!.GetValue<double>() > 10, json);
    }

    [Fact]
    public async Task What_can_not_be_foretold_says_which_figure_is_wrong()
    {
        var (code, _, error) = await CommandLine.RunAsync(server.Url, "forecast", "--memory", "0", "--bandwidth", "100");

        Assert.Equal(2, code);
        Assert.Contains("memoryMiB", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("migrations")]
    [InlineData("migrations", "--models")]
    public async Task Lists_are_arrays_for_programs(params string[] words)
    {
        var (code, output, error) = await CommandLine.RunAsync(server.Url, [.. words, "--json"]);

        Assert.True(code == 0, error);
        Assert.IsType<JsonArray>(JsonNode.Parse(output));
    }
}
