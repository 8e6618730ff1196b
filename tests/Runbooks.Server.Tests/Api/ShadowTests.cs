using System.Net;
using System.Text.Json.Nodes;
using Runbooks.Fleet.History;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Hypervisors.Observation;
using Runbooks.Server.Fleet;
using Runbooks.Server.Tests.Fixture;
using Host = Runbooks.Fleet.Model.Host;

namespace Runbooks.Server.Tests.Api;

[Collection(ServerCollection.Name)]
public sealed class ShadowTests(ServerUnderTest server)
{
    [Theory]
    [InlineData("?policy=magic", "policy", "magic")]
    [InlineData("?against=thr:7", "against", "thr:7")]
    [InlineData("?hours=-1", "hours", "-1")]
    [InlineData("?step=x", "step", "x")]
    public async Task A_question_that_can_not_be_answered_names_what_is_wrong(string query, string field, string found)
    {
        using var answer = await server.Http.GetAsync("/api/shadow" + query);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Contains(found, problem["errors"]![field]![0]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_policy_is_shown_on_our_own_history_with_the_difference()
    {
        using var desk = await DeskAsync(hours: 6);

        var answer = await desk.CompareAsync(new ShadowRequest("dvfs", "runbooks", Morning, TimeSpan.FromMinutes(5)), CancellationToken.None);

        Assert.Equal(8, answer.Vms);
        Assert.Equal(["fresh"], answer.LeftOut);
        Assert.Equal(0, answer.Compared.A.Migrations);
        Assert.True(answer.Compared.SavedKwh > 0, $"Eight idle VMs on four hosts fit on one; saved {answer.Compared.SavedKwh} kWh.");
        Assert.Equal(answer.Compared.B.Migrations, answer.Compared.MoreMigrations);
        Assert.InRange(answer.Compared.MoreMigrations, 4, 8);
        Assert.Equal(0, answer.Compared.FilledShare);
    }

    [Fact]
    public async Task A_history_that_is_too_short_is_no_answer()
    {
        using var desk = await DeskAsync(hours: 6);

        var refused = await Assert.ThrowsAsync<SimulationException>(() =>
            desk.CompareAsync(new ShadowRequest("dvfs", "runbooks", Morning, TimeSpan.FromDays(1)), CancellationToken.None));

        Assert.Contains("two steps", refused.Message, StringComparison.Ordinal);
    }

    private static readonly DateTimeOffset Morning = new(2026, 3, 1, 6, 0, 0, TimeSpan.Zero);

    /// <summary>Four hosts with two VMs each that do next to nothing, and one VM that nobody has measured yet.</summary>
    private static async Task<ShadowDesk> DeskAsync(int hours)
    {
        var hosts = Enumerable.Range(1, 4).Select(i => new Host(new HostName($"h{i}"), "default", 8, 32768, i, PowerState.On, HostMode.Active)).ToArray();
        var vms = Enumerable.Range(0, 8).Select(i => Vm($"vm{i}", hosts[i / 2].Name)).ToArray();
        var board = new FleetBoard();
        board.Show(new FleetReading(new FleetSnapshot(Morning.AddHours(hours), hosts, [.. vms, Vm("fresh", hosts[0].Name)]), [], [], []));
        var history = new InMemoryFleetHistory();
        var moments = Enumerable.Range(0, hours * 12).Select(i => Morning.AddMinutes(5 * i));
        await history.AppendAsync([], [.. moments.SelectMany(at => vms.Select(v => new VmSample(at, v.Name, v.Host, 0.05, null)))], CancellationToken.None);
        return new ShadowDesk(board, history, TimeProvider.System);

        static Vm Vm(string name, HostName host) => new(new VmName(name), Guid.NewGuid(), host, VmState.Running, 2, 2048);
    }
}
