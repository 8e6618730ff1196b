using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace Runbooks.Bench.Measured;

/// <summary>
/// What the same cluster can do at all: PostgreSQL's own pgbench, updating one of 10,000 rows by its key in each
/// transaction, prepared once (<c>-M prepared</c>: the strictest comparison, because it spares the server the most).
/// </summary>
internal sealed partial class PgBench(BenchCluster cluster)
{
    private const string Rows = "bench_rows";

    private bool prepared;

    public async Task<double> TransactionsPerSecondAsync(int clients, int seconds, CancellationToken cancellationToken)
    {
        var script = await PrepareAsync(cancellationToken);
        var target = new NpgsqlConnectionStringBuilder(cluster.ConnectionString);
        var start = new ProcessStartInfo("pgbench") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[]
                 {
                     "-n", "-M", "prepared", "-f", script, "-T", $"{seconds}", "-c", $"{clients}", "-j", $"{Math.Min(clients, Environment.ProcessorCount)}",
                     "-h", target.Host!, "-U", target.Username!, target.Database!,
                 })
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException("pgbench did not start.");
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        File.Delete(script);
        var tps = TpsLine().Match(await output);
        return process.ExitCode == 0 && tps.Success
            ? double.Parse(tps.Groups["tps"].Value, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"pgbench ended with {process.ExitCode} and said: {await errors}");
    }

    private async Task<string> PrepareAsync(CancellationToken cancellationToken)
    {
        if (!prepared)
        {
            await cluster.ExecuteAsync(
                $"CREATE TABLE IF NOT EXISTS {Rows} (id integer PRIMARY KEY, n integer NOT NULL); INSERT INTO {Rows} SELECT i, 0 FROM generate_series(1, 10000) i ON CONFLICT DO NOTHING; ANALYZE {Rows};",
                cancellationToken);
            prepared = true;
        }

        var script = Path.GetTempFileName();
        await File.WriteAllTextAsync(script, $"\\set id random(1, 10000)\nUPDATE {Rows} SET n = n + 1 WHERE id = :id;\n", cancellationToken);
        return script;
    }

    [GeneratedRegex(@"tps = (?<tps>[0-9.]+) \(without", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TpsLine();
}
