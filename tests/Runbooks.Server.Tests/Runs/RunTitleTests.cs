using System.Text.Json.Nodes;
using Runbooks.Server.Runs;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Tests.Runs;

public sealed class RunTitleTests
{
    [Theory]
    [InlineData("""{"Vm":"vm07","Destination":"host02","Mode":"Auto"}""", "vm07 → host02")]
    [InlineData("""{"Vm":"vm07","Source":"host01","Destination":"host02"}""", "vm07: host01 → host02")]
    [InlineData("""{"Vm":"vm07","Vcpus":4,"MemoryMiBs":0}""", "Vm vm07, Vcpus 4")]
    [InlineData("""{"Pool":"lab","LoadMin":null,"BandwidthMiBs":0.0,"Mode":"","CreateMissingNetworks":true}""", "Pool lab")]
    [InlineData("{}", "")]
    public void A_title_says_what_a_run_is_about_and_not_how_it_goes_about_it(string input, string title) =>
        Assert.Equal(title, RunCard.TitleOf(Run(input, isDryRun: false)));

    [Fact]
    public void A_dry_run_is_told_by_its_title()
    {
        Assert.Equal("Dry run: vm07 → host02", RunCard.TitleOf(Run("""{"Vm":"vm07","Destination":"host02"}""", isDryRun: true)));
        Assert.Equal("Dry run", RunCard.TitleOf(Run("{}", isDryRun: true)));
    }

    private static Run Run(string input, bool isDryRun) => new()
    {
        Id = new RunId(Guid.Empty),
        DefinitionId = "any",
        DefinitionVersion = 1,
        CreatedAt = DateTimeOffset.UnixEpoch,
        StartedBy = "ops",
        IsDryRun = isDryRun,
        Input = JsonNode.Parse(input)!.AsObject(),
    };
}
