using Microsoft.Extensions.Configuration;
using Runbooks.Server.Configuration;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Configuration;

public sealed class SettingsTests
{
    private static readonly string Shipped = Path.Combine(Place.Repository, "src/Runbooks.Server/appsettings.json");

    [Fact]
    public void The_shipped_appsettings_hold_only_known_keys()
    {
        var configuration = new ConfigurationBuilder().AddJsonFile(Shipped).Build();

        Assert.Empty(Settings.Read(configuration).Problems);
        Assert.Empty(configuration.GetChildren().Select(s => s.Key).Except(UnknownKeys.KnownSections, StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public void Without_any_configuration_the_server_is_a_simulation_on_this_machine_only()
    {
        var (settings, _) = Read();

        Assert.Equal(["http://127.0.0.1:5080"], settings!.Server.UrlList);
        Assert.Equal(FleetDriver.Simulated, settings.Fleet.Driver);
        Assert.Equal(TimeSpan.FromSeconds(1), settings.Fleet.Interval);
        Assert.EndsWith("/var", settings.Data, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Server:Url", "x", "Server:Url is not a setting")]
    [InlineData("Server:Urls", "http://0.0.0.0:5080", "no login")]
    [InlineData("Server:Urls", "http://*:5080", "no login")]
    [InlineData("Server:Urls", "http://127.0.0.1:5080;http://10.0.0.1:80", "10.0.0.1")]
    [InlineData("Server:Urls", "nonsense", "not an address")]
    [InlineData("Server:AllowRemote", "perhaps", "true or false")]
    [InlineData("Database:Kind", "oracle", "postgres or memory")]
    [InlineData("Database:MaxConnections", "1", "8 to 1000")]
    [InlineData("Access:Groups:x", "y", "Access:Groups is not a setting")]
    [InlineData("Access:People:anna", "approver", "a list of roles")]
    [InlineData("Access:People:anna:0", "app rover", "holds role 'app rover'")]
    [InlineData("Access:People:api:0", "approver", "not a name of a person")]
    [InlineData("Secrets:Folder", "/nowhere/at/all", "not a folder")]
    [InlineData("Secrets:File", "x", "Secrets:File is not a setting")]
    [InlineData("Workflows:DraftRuns", "real", "dry or refused")]
    [InlineData("Fleet:Driver", "xen", "simulated or libvirt")]
    [InlineData("Fleet:Driver", "libvirt", "Fleet:File is not set")]
    [InlineData("Fleet:SampleEvery", "00:10:00", "00:05:00")]
    [InlineData("Simulation:Speed", "-1", "Simulation:Speed")]
    [InlineData("Policy:LoadMin", "0.9", "the first is below the second")]
    [InlineData("Policy:LoadMin", "NaN", "the first is below the second")]
    [InlineData("Policy:MinActiveHosts", "0", "at least one host")]
    [InlineData("Policy:MemoryHeadroom", "1", "0 to 0.9")]
    [InlineData("Engine:Lease", "00:00:01", "at least")]
    [InlineData("Engine:Concurrency", "0", "1 to 1000")]
    [InlineData("Engine:Poll", "soon", "time span")]
    public void A_value_that_can_not_be_is_named_with_what_it_can_be(string key, string value, string expected)
    {
        var (settings, problems) = Read((key, value));

        Assert.Null(settings);
        Assert.Contains(expected, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void All_problems_are_told_at_once()
    {
        var (_, problems) = Read(("Server:Urls", "http://0.0.0.0:1"), ("Policy:LoadMax", "2"), ("Engine:Colour", "red"), ("Simulation:Speed", "fast"));

        Assert.Equal(4, problems.Count);
    }

    [Fact]
    public void An_address_that_others_reach_is_allowed_when_that_is_said()
    {
        Assert.Empty(Read(("Server:Urls", "http://0.0.0.0:5080"), ("Server:AllowRemote", "true")).Problems);
    }

    [Fact]
    public void A_fleet_file_that_is_not_there_is_a_problem()
    {
        var (_, problems) = Read(("Fleet:Driver", "libvirt"), ("Fleet:File", "/nowhere/fleet.json"));

        Assert.Contains("/nowhere/fleet.json", Assert.Single(problems), StringComparison.Ordinal);
    }

    private static (Settings? Settings, IReadOnlyList<string> Problems) Read(params (string Key, string Value)[] values) =>
        Settings.Read(new ConfigurationBuilder().AddInMemoryCollection(values.Select(v => KeyValuePair.Create(v.Key, (string?)v.Value))).Build());
}
