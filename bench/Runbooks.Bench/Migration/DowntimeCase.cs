using System.Text.Json.Nodes;

namespace Runbooks.Bench.Migration;

/// <summary>
/// Whether guests stand still no longer than was allowed, where that was foretold: moves with different limits and writing
/// speeds, judged by what the hypervisor measured.
/// </summary>
internal static class DowntimeCase
{
    private const int Moves = 20;
    private const string Vm = "bench1";

    private static readonly (int LimitMs, int WriteMiBs)[] Kinds = [(300, 2), (500, 8), (1000, 16), (400, 4)];

    public static async Task RunAsync(BenchLab lab, MigrationOptions options, CancellationToken cancellationToken)
    {
        await lab.StartGuestAsync(Vm, "host1", memoryMiB: 128, workingSetMiB: 24, writeMiBs: 2, cancellationToken);
        var server = await lab.ServerAsync(cancellationToken);
        var (here, there) = ("host1", "host2");
        var (foretold, kept) = (0, 0);
        for (var i = 0; i < (options.Times ?? Moves); i++)
        {
            var (limit, rate) = Kinds[i % Kinds.Length];
            await lab.LoadGuestAsync(Vm, here, workingSetMiB: 24, rate, cancellationToken);
            var run = await server.RunAsync("migrate-vm", new JsonObject { ["Vm"] = Vm, ["Destination"] = there, ["MaxDowntimeMs"] = limit }, cancellationToken);
            if (!run.Completed)
            {
                throw new BenchException($"The run ended {run.Status}: {run.Reason}");
            }

            var downtime = run.Output("Runbooks.ActivateVm", "DowntimeMs")?.GetValue<double>();
            var converges = run.Output("Runbooks.ChooseMode", "WillConverge")?.GetValue<bool>() ?? true;
            Output.Say($"downtime: limit {limit} ms, writes {rate} MiB/s: {downtime} ms{(converges ? string.Empty : ", not foretold to be kept")}");
            if (converges && downtime is { } measured)
            {
                foretold++;
                kept += measured <= limit ? 1 : 0;
            }

            (here, there) = (there, here);
        }

        Output.Result(new { @case = "downtime", tried = options.Times ?? Moves, foretold, kept, keptPct = Output.Round(foretold == 0 ? 0 : 100.0 * kept / foretold, 1) });
    }
}
