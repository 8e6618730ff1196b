using System.Text.Json.Nodes;

namespace Runbooks.Bench.Migration;

/// <summary>
/// What a durable run costs over bare <c>virsh migrate</c> of the same VM: pairs of moves between two hosts, one of each
/// kind in turn and in both orders, while the server goes on looking at the hosts. Bare virsh is one SSH connection and one
/// command, with the driver's options and <c>--undefinesource</c> for what the run does at its end.
/// </summary>
internal static class OverheadCase
{
    private const int Pairs = 7;
    private const string Vm = "bench1";

    public static async Task RunAsync(BenchLab lab, MigrationOptions options, CancellationToken cancellationToken)
    {
        await lab.StartGuestAsync(Vm, "host1", memoryMiB: 128, workingSetMiB: 16, writeMiBs: 2, cancellationToken);
        var server = await lab.ServerAsync(cancellationToken);
        await UntilSeenAsync(server, cancellationToken);
        var (bare, runs) = (new List<double>(), new List<double>());
        var (here, there) = ("host1", "host2");

        // The first move of each kind pays for connections, caches and compilation, and is not counted.
        for (var i = -1; i < (options.Times ?? Pairs); i++)
        {
            foreach (var durable in i % 2 == 0 ? [true, false] : new[] { false, true })
            {
                var seconds = durable ? await DurableAsync(server, there, cancellationToken) : await BareAsync(lab, here, there, cancellationToken);
                Output.Say($"overhead: {(durable ? "run  " : "virsh")} {here} to {there} {seconds:0.00} s");
                if (i >= 0)
                {
                    (durable ? runs : bare).Add(seconds);
                }

                (here, there) = (there, here);
            }
        }

        var virsh = Median(bare);
        var extra = Median(runs) - virsh;
        Output.Result(new { @case = "overhead", virshSeconds = Output.Round(virsh, 3), extraSeconds = Output.Round(extra, 3), allowedExtraSeconds = Output.Round(1 + (0.1 * virsh), 3), pairs = bare.Count });
    }

    internal static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static async Task<double> BareAsync(BenchLab lab, string from, string to, CancellationToken cancellationToken) =>
        (await lab.VirshAsync(from, cancellationToken, "migrate", "--p2p", "--live", "--persistent", "--undefinesource", "--domain", Vm, "--desturi", $"qemu+ssh://root@{to}/system")).TotalSeconds;

    private static async Task<double> DurableAsync(BenchServer server, string to, CancellationToken cancellationToken)
    {
        var run = await server.RunAsync("migrate-vm", new JsonObject { ["Vm"] = Vm, ["Destination"] = to }, cancellationToken);
        Output.Say($"overhead: {run.Steps()}");
        return run.Completed ? run.Time.TotalSeconds : throw new BenchException($"The run ended {run.Status}: {run.Reason}");
    }

    private static Task UntilSeenAsync(BenchServer server, CancellationToken cancellationToken) => BenchLab.UntilAsync(
        "the server has seen all hosts",
        async () => (await server.GetAsync("/api/fleet", cancellationToken))["hosts"]!.AsArray().All(h => h!["reachable"]!.GetValue<bool>()),
        cancellationToken);
}
