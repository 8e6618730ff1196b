using System.Globalization;
using System.Text.Json.Nodes;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Cli;

/// <summary><c>runbooks plan</c>: no server is asked, and programs may rely on the names in its output.</summary>
public sealed class PlanCliTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("runbooks-plan-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_plan_as_json_has_these_fields_and_a_placement_that_its_moves_lead_to()
    {
        var plan = await PlanAsync("consolidate", "--n-plus-one");

        Assert.Equal(["goal", "hash", "planMs", "moves", "power", "refused", "before", "after", "placement"], Keys(plan));
        Assert.Equal("consolidate", plan["goal"]!.GetValue<string>());
        Assert.Matches("^[0-9a-f]{16}$", plan["hash"]!.GetValue<string>());
        Assert.True(plan["planMs"]!.GetValue<double>() > 0);
        Assert.All(plan["moves"]!.AsArray(), m => Assert.Equal(["vm", "from", "to", "wave", "memMiB", "seconds", "reason"], Keys(m!)));
        Assert.All(plan["power"]!.AsArray(), p => Assert.Equal(["host", "action", "wave"], Keys(p!)));
        Assert.Equal(["hostsUsed", "cpuSd", "cpuMax", "memMax", "n1Failures", "energyW"], Keys(plan["before"]!));
        Assert.Equal(Keys(plan["before"]!), Keys(plan["after"]!));

        // Three of six hosts hold what runs, and what runs on any one of them once more; so at least two stay.
        var placement = plan["placement"]!.AsObject().ToDictionary(p => p.Key, p => p.Value!.GetValue<string>());
        var expected = FleetText.Hosts.SelectMany((h, i) => FleetText.VmsOf(i).Select(v => (v, h))).ToDictionary(p => p.v, p => p.h);
        foreach (var move in plan["moves"]!.AsArray().OrderBy(m => m!["wave"]!.GetValue<int>()))
        {
            Assert.Equal(expected[Text(move, "vm")], Text(move, "from"));
            expected[Text(move, "vm")] = Text(move, "to");
            Assert.Equal(FleetText.VmMemory, move!["memMiB"]!.GetValue<int>());
            Assert.True(move["seconds"]!.GetValue<double>() > 0);
        }

        Assert.Equal(expected.OrderBy(p => p.Key), placement.OrderBy(p => p.Key));
        var off = plan["power"]!.AsArray().Select(p => Text(p, "host")).ToList();
        Assert.NotEmpty(off);
        Assert.All(plan["power"]!.AsArray(), p => Assert.Equal("off", Text(p, "action")));
        Assert.Empty(off.Intersect(placement.Values));
        Assert.Equal(placement.Values.Distinct().Count(), plan["after"]!["hostsUsed"]!.GetValue<int>());
        Assert.Equal(0, plan["after"]!["n1Failures"]!.GetValue<int>());
        Assert.True(plan["after"]!["energyW"]!.GetValue<double>() < plan["before"]!["energyW"]!.GetValue<double>());
    }

    [Theory]
    [InlineData("deconsolidate")]
    [InlineData("balance", "--target-sd", "0.05", "--time-limit", "10")]
    [InlineData("relieve")]
    [InlineData("evacuate", "--host", "h2")]
    [InlineData("place", "--vm", "vm-0-0")]
    [InlineData("recover", "--host", "h2")]
    public async Task Every_goal_is_answered(string goal, params string[] more)
    {
        var plan = await PlanAsync(goal, more);

        Assert.Equal(goal, plan["goal"]!.GetValue<string>());
        Assert.Equal(FleetText.Hosts.Sum(h => FleetText.VmsOf(Array.IndexOf(FleetText.Hosts, h)).Count()), plan["placement"]!.AsObject().Count);
    }

    [Fact]
    public async Task An_evacuated_host_is_empty_and_a_vm_that_may_not_move_is_refused_with_its_reason()
    {
        var text = FleetText.Json().Replace("\"name\": \"vm-2-0\",", "\"name\": \"vm-2-0\", \"immovable\": \"it has a passed-through device\",", StringComparison.Ordinal);

        var plan = JsonNode.Parse((await RunAsync(await WriteAsync("fleet.json", text), "evacuate", "--host", "h2", "--json")).Output)!;

        var refused = Assert.Single(plan["refused"]!.AsArray())!;
        Assert.Equal(["vm", "reason"], Keys(refused));
        Assert.Equal("vm-2-0", Text(refused, "vm"));
        Assert.Contains("passed-through device", Text(refused, "reason"), StringComparison.Ordinal);
        Assert.Equal(["vm-2-0"], plan["placement"]!.AsObject().Where(p => p.Value!.GetValue<string>() == "h2").Select(p => p.Key));
    }

    [Fact]
    public async Task A_vm_on_no_host_comes_from_nowhere_and_no_more_moves_are_made_than_allowed()
    {
        var text = FleetText.Json().Replace("\"name\": \"vm-2-0\", \"host\": \"h2\"", "\"name\": \"vm-2-0\", \"host\": \"\"", StringComparison.Ordinal);

        var placed = JsonNode.Parse((await RunAsync(await WriteAsync("fleet.json", text), "place", "--vm", "vm-2-0", "--host", "h4", "--json")).Output)!;
        var few = await PlanAsync("consolidate", "--max-moves", "1");

        var move = Assert.Single(placed["moves"]!.AsArray())!;
        Assert.Null(move["from"]);
        Assert.Equal("h4", Text(move, "to"));
        Assert.Equal("h4", Text(placed["placement"], "vm-2-0"));
        Assert.InRange(few["moves"]!.AsArray().Count, 0, 1);
    }

    [Fact]
    public async Task The_text_format_of_ganeti_gives_the_same_plan_as_json_with_loads_from_beside_or_as_named()
    {
        var json = await PlanAsync("consolidate");
        var data = await WriteAsync("cluster.data", FleetText.Data());
        _ = await WriteAsync("cluster.util", FleetText.Util());
        var elsewhere = await WriteAsync("loads.txt", FleetText.Util());

        var beside = JsonNode.Parse((await RunAsync(data, "consolidate", "--json")).Output)!;
        File.Delete(Path.Combine(folder, "cluster.util"));
        var named = JsonNode.Parse((await RunAsync(data, "consolidate", "--util", elsewhere, "--json")).Output)!;

        Assert.Equal(json["placement"]!.ToJsonString(), beside["placement"]!.ToJsonString());
        Assert.Equal(json["placement"]!.ToJsonString(), named["placement"]!.ToJsonString());
        Assert.Equal(json["after"]!["cpuMax"]!.GetValue<double>(), beside["after"]!["cpuMax"]!.GetValue<double>(), 1e-4);
    }

    [Fact]
    public async Task For_people_it_says_what_moves_why_what_is_switched_off_and_the_figures()
    {
        var (code, output, error) = await RunAsync(await WriteAsync("fleet.json", FleetText.Json()), "consolidate");

        Assert.True(code == 0, error);
        Assert.Contains("hosts are emptied by", output, StringComparison.Ordinal);
        Assert.Contains("is switched off, wave", output, StringComparison.Ordinal);
        Assert.Contains("Empties h", output, StringComparison.Ordinal);
        Assert.Contains("Hosts used 6 to ", output, StringComparison.Ordinal);
        Assert.Contains("hosts that may not fail 0 to 0", output, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fleet.json", "\"cores\": 16", "\"cores\": \"many\"", "fleet.json: Line 2, field 'hosts[0].cores': found String, wanted a whole number")]
    [InlineData("fleet.json", "\"host\": \"h5\"", "\"host\": \"h9\"", "which is not among the hosts")]
    [InlineData("fleet.json", "\"vms\": [", "\"vms\": {", "Line 9, field 'vms': found StartObject, wanted StartArray")]
    [InlineData("fleet.json", "\"node_mem\": 4096", "\"node_mem\": 999999", "field 'hosts[0].node_mem': found 999999, more than the host's mem of 69632")]
    [InlineData("fleet.json", "\"vcpu_ratio\": 4.0", "\"vcpu_ratio\": 4.0,,", "fleet.json: Line 1, field '(whole file)': this is not JSON")]
    [InlineData("cluster.data", "h0|69632|", "h0|lots|", "cluster.data: Line 3, field 'total memory': found 'lots', wanted a whole number of at least 1")]
    [InlineData("cluster.data", "running|Y|h5|", "running|Y|h9|", "field 'primary node': found 'h9', which is not among the nodes")]
    [InlineData("cluster.data", "|16|N|uuid", "|16|Q|uuid", "Line 3, field 'offline': found 'Q', wanted Y, N or M")]
    [InlineData("cluster.data", "|4096|32768|", "|32768|", "cluster.data: Line 3, field 'cores': found 'N'")]
    [InlineData("cluster.util", "vm-0-0 ", "vm-0-0 -", "cluster.util: Line 1, field 'cpu': found '-")]
    [InlineData("cluster.util", "vm-0-0 0.", "vm-0-0\n0.", "cluster.util: Line 1, field 'cpu': it is missing")]
    public async Task A_malformed_file_is_exit_code_two_with_line_and_field(string file, string right, string wrong, string sentence)
    {
        foreach (var (name, text) in new[] { ("fleet.json", FleetText.Json()), ("cluster.data", FleetText.Data()), ("cluster.util", FleetText.Util()) })
        {
            Assert.True(name != file || text.Contains(right, StringComparison.Ordinal), text);
            _ = await WriteAsync(name, name == file ? ReplaceFirst(text, right, wrong) : text);
        }

        var fleet = Path.Combine(folder, file == "fleet.json" ? file : "cluster.data");
        foreach (var more in new string[][] { [], ["--json"] })
        {
            var (code, output, error) = await RunAsync(fleet, "consolidate", more);

            Assert.Equal((2, string.Empty), (code, output));
            Assert.Contains(sentence, error, StringComparison.Ordinal);
            Assert.Matches("^[a-z.]+: Line [0-9]+, field '", error);
            Assert.Single(error.TrimEnd().Split('\n'));
        }
    }

    [Theory]
    [InlineData("There is no goal 'improve'", "improve")]
    [InlineData("There is no goal '3'", "3")]
    [InlineData("host", "evacuate")]
    [InlineData("h77", "evacuate", "--host", "h77")]
    [InlineData("nope", "place", "--vm", "nope")]
    [InlineData("--max-moves is -1", "consolidate", "--max-moves", "-1")]
    [InlineData("--target-sd is -0.5", "balance", "--target-sd", "-0.5")]
    public async Task A_wrong_request_is_exit_code_two_and_one_clear_sentence(string sentence, string goal, params string[] more)
    {
        var (code, output, error) = await RunAsync(await WriteAsync("fleet.json", FleetText.Json()), goal, more);

        Assert.Equal((2, string.Empty), (code, output));
        Assert.Contains(sentence, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_exit_code_two()
    {
        var (code, _, error) = await RunAsync(Path.Combine(folder, "none.json"), "consolidate");

        Assert.Equal(2, code);
        Assert.Contains("none.json", error, StringComparison.Ordinal);
    }

    private async Task<JsonNode> PlanAsync(string goal, params string[] more)
    {
        var (code, output, error) = await RunAsync(await WriteAsync("fleet.json", FleetText.Json()), goal, [.. more, "--json"]);
        Assert.True(code == 0, error);
        return JsonNode.Parse(output)!;
    }

    /// <summary>No server listens where this looks for one.</summary>
    private static Task<(int Code, string Output, string Error)> RunAsync(string fleet, string goal, params string[] more) =>
        CommandLine.RunAsync("http://127.0.0.1:9", ["plan", "--fleet", fleet, "--goal", goal, .. more]);

    private async Task<string> WriteAsync(string name, string text)
    {
        var path = Path.Combine(folder, name);
        await File.WriteAllTextAsync(path, text);
        return path;
    }

    private static string[] Keys(JsonNode node) => [.. node.AsObject().Select(p => p.Key)];

    private static string Text(JsonNode? node, string field) => node![field]!.GetValue<string>();

    private static string ReplaceFirst(string text, string right, string wrong)
    {
        var at = text.IndexOf(right, StringComparison.Ordinal);
        return string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, at)}{wrong}{text.AsSpan(at + right.Length)}");
    }
}
