using System.Text.Json.Nodes;

namespace Runbooks.Bench.Migration;

/// <summary>
/// Ten VMs off one host over a slow network: the time of the whole durable run, against the time that the bytes which the
/// host has sent take on its link. What each migration costs beside its bytes has to happen while others copy.
/// </summary>
internal static class EvacuateCase
{
    private const int Vms = 10;
    private const int LinkMbit = 200;
    private const double Allowed = 1.15;

    public static async Task RunAsync(BenchLab lab, MigrationOptions options, CancellationToken cancellationToken)
    {
        _ = await lab.CommandAsync(cancellationToken, "shape", "host1", $"{LinkMbit}");
        await Parallel.ForEachAsync(
            Enumerable.Range(1, Vms),
            new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = cancellationToken },
            async (i, stop) => await lab.StartGuestAsync($"bench{i}", "host1", memoryMiB: 96, workingSetMiB: 16, writeMiBs: 1, stop));
        var server = await lab.ServerAsync(cancellationToken);
        await BenchLab.UntilAsync(
            "the server has seen the guests",
            async () => (await server.GetAsync("/api/fleet", cancellationToken))["hosts"]!.AsArray().All(h => h!["reachable"]!.GetValue<bool>()),
            cancellationToken);

        var before = await SentAsync(lab, cancellationToken);
        var run = await server.RunAsync("evacuate-host", new JsonObject { ["Host"] = "host1" }, cancellationToken);
        var bytes = await SentAsync(lab, cancellationToken) - before;
        Output.Say($"evacuate: {run.Steps()}");
        await TellMovesAsync(server, run, cancellationToken);
        var left = (await lab.CommandAsync(cancellationToken, "enter", "host1", "virsh", "-q", "-c", "qemu:///system", "list", "--all", "--name")).Trim();
        if (!run.Completed || left.Length > 0)
        {
            throw new BenchException($"The run ended {run.Status}: {run.Reason} Still on host1: {left} {run.Detail["run"]!["output"]}");
        }

        const double Link = LinkMbit * 1_000_000 / 8.0;
        var ratio = run.Time.TotalSeconds / (bytes / Link);
        Output.Result(new
        {
            @case = "evacuate",
            vms = Vms,
            seconds = Output.Round(run.Time.TotalSeconds, 2),
            bytes,
            linkBytesPerSecond = (long)Link,
            ratio = Output.Round(ratio, 3),
            allowedRatio = Allowed,
        });
    }

    /// <summary>When each move was asked for, copied and done, in seconds of the whole run: where the link was idle shows here.</summary>
    private static async Task TellMovesAsync(BenchServer server, BenchRun run, CancellationToken cancellationToken)
    {
        var began = run.Detail["run"]!["createdAt"]!.GetValue<DateTimeOffset>();
        foreach (var child in run.Detail["children"]!.AsArray())
        {
            var detail = await server.GetAsync($"/api/runs/{child!["id"]!.GetValue<string>()}", cancellationToken);
            var steps = detail["steps"]!.AsArray().Select(s =>
                $"{s!["name"]} {(s["startedAt"]?.GetValue<DateTimeOffset>() - began)?.TotalSeconds:0.0} to {(s["completedAt"]?.GetValue<DateTimeOffset>() - began)?.TotalSeconds:0.0}");
            Output.Say($"evacuate: {detail["run"]!["input"]!["Vm"]}: {string.Join(", ", steps)}");
        }
    }

    /// <summary>
    /// What the host has put on its link, the headers of every packet included, as the shaper counts it. The interface's own
    /// counter knows only the large pieces that the kernel cuts into packets later: of a stream it tells 4.4 % too little.
    /// </summary>
    private static async Task<long> SentAsync(BenchLab lab, CancellationToken cancellationToken)
    {
        var shapers = JsonNode.Parse(await lab.CommandAsync(cancellationToken, "enter", "host1", "tc", "-s", "-j", "qdisc", "show", "dev", "eth0"))!.AsArray();
        return shapers.First(s => s!["kind"]!.GetValue<string>() == "tbf")!["bytes"]!.GetValue<long>();
    }
}
