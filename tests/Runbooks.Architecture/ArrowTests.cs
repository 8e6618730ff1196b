namespace Runbooks.Architecture;

/// <summary>Arrows between rooms point inward: Server to the outer rooms, those to Workflows, Hypervisors to Fleet.</summary>
public sealed class ArrowTests
{
    public static TheoryData<string, string[]> Allowed => new()
    {
        { "Runbooks.Fleet", [] },
        { "Runbooks.Workflows", [] },
        { "Runbooks.Hypervisors", ["Runbooks.Fleet"] },
        { "Runbooks.Activities", ["Runbooks.Fleet", "Runbooks.Hypervisors", "Runbooks.Workflows"] },
        { "Runbooks.Storage", ["Runbooks.Fleet", "Runbooks.Workflows"] },
        { "Runbooks.Messaging", ["Runbooks.Fleet", "Runbooks.Workflows"] },
    };

    [Theory]
    [MemberData(nameof(Allowed))]
    public void A_room_knows_only_the_rooms_further_in(string room, string[] allowed)
    {
        ArgumentNullException.ThrowIfNull(allowed);
        Assert.Empty(Room.ReferencesOf(room).Where(r => r.StartsWith("Runbooks.", StringComparison.Ordinal)).Except(allowed, StringComparer.Ordinal));
    }

    /// <summary>What is built is what counts; but a reference that no code uses yet is an arrow too.</summary>
    [Theory]
    [MemberData(nameof(Allowed))]
    public void A_project_refers_only_to_the_rooms_further_in(string room, string[] allowed)
    {
        ArgumentNullException.ThrowIfNull(allowed);
        var project = System.Xml.Linq.XDocument.Load(Path.Combine(Room.Repository, "src", room, $"{room}.csproj"));
        var referred = project.Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value));

        Assert.Empty(referred.Except(allowed, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Runbooks.Fleet")]
    [InlineData("Runbooks.Workflows")]
    public void The_inner_rooms_know_no_database_no_broker_no_web_and_no_Elsa(string room)
    {
        string[] outside = ["Npgsql", "Dapper", "Microsoft.EntityFrameworkCore", "System.Data", "MassTransit", "RabbitMQ", "Quartz", "Microsoft.AspNetCore", "System.Net.Http", "System.Net.Sockets", "Elsa."];

        string[] known = [.. Room.ReferencesOf(room).Where(r => outside.Any(o => r.StartsWith(o, StringComparison.OrdinalIgnoreCase)))];

        Assert.Empty(known);
    }

    [Theory]
    [InlineData("Runbooks.Server")]
    [InlineData("Runbooks.Storage")]
    [InlineData("Runbooks.Activities")]
    [InlineData("Runbooks.Hypervisors")]
    public void Only_messaging_knows_Quartz_and_MassTransit(string room)
    {
        string[] known = [.. Room.ReferencesOf(room).Where(r => r.StartsWith("Quartz", StringComparison.Ordinal) || r.StartsWith("MassTransit", StringComparison.Ordinal) || r.StartsWith("RabbitMQ", StringComparison.Ordinal))];

        Assert.Empty(known);
    }

    /// <summary>Definitions are checked, and fleets planned and simulated, on a desk as on a server; all else it asks the server for.</summary>
    [Fact]
    public void The_command_line_knows_what_works_without_a_server_and_no_other_room()
    {
        var project = System.Xml.Linq.XDocument.Load(Path.Combine(Room.Repository, "src/Runbooks.Cli/Runbooks.Cli.csproj"));
        var referred = project.Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value));

        Assert.Equal(["Runbooks.Activities", "Runbooks.Fleet"], referred.Order(StringComparer.Ordinal));
        Assert.Equal(
            ["Definitions", "Planning"],
            Room.Sources("src/Runbooks.Cli", ".cs").Where(UsesARoom).Select(f => Path.GetFileName(Path.GetDirectoryName(f)!)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

        static bool UsesARoom(string file) =>
            File.ReadLines(Path.Combine(Room.Repository, file)).Any(l => l.StartsWith("using Runbooks.", StringComparison.Ordinal) && !l.StartsWith("using Runbooks.Cli", StringComparison.Ordinal));
    }
}
