using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Cli;

/// <summary>Simulations need files and no server.</summary>
public sealed class SimulateCliTests : IDisposable
{
    private const string Setup =
        """
        {"hosts": 4, "host_types": {"one": {"cores": 2, "mips_per_core": 2000, "ram_mb_paper": 4096, "ram_mb_hard_mode": 8192, "power_w": [90, 130]}},
         "vm_types": [{"mips": 1000, "ram_mb": 625}], "sample_s": 300, "migration_bandwidth_mb_s": 62.5,
         "degradation_while_migrating": 0.1, "destination_cpu_while_migrating": 0.1, "energy_window_s": [300, 900]}
        """;

    private const string Trace = "vm,t0,t1,t2\na,10,20,30\nb,10,20,30\n";

    private readonly string folder = Directory.CreateTempSubdirectory("runbooks-simulate-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_day_is_replayed_from_plain_and_compressed_files(bool compressed)
    {
        var (code, output, error) = await RunAsync(Trace, Setup, "runbooks", compressed);

        Assert.True(code == 0, error);
        var figures = JsonNode.Parse(output)!;
        Assert.Equal((2, 4), (figures["vms"]!.GetValue<int>(), figures["hosts"]!.GetValue<int>()));
        Assert.True(figures["energy_kwh"]!.GetValue<double>() > 0);
        Assert.All(["migrations", "slatah_pct", "pdm_pct", "unserved_cpu_pct", "mean_active", "host_on", "host_off", "decide_ms"], name => Assert.NotNull(figures[name]));
    }

    [Theory]
    [InlineData("vm,t0\na,x\n", Setup, "runbooks", "day.csv, line 2, field 2 (t0): found 'x'")]
    [InlineData("vm,t0,t1\na,1\n", Setup, "runbooks", "day.csv, line 2, field 2")]
    [InlineData("", Setup, "runbooks", "day.csv is empty")]
    [InlineData(Trace, "{\n \"hosts\": ,\n}", "runbooks", "setup.json, line 2")]
    [InlineData(Trace, "{}", "runbooks", "field $.host_types: it is missing")]
    [InlineData(Trace, Setup, "lr:0", "There is no policy 'lr:0'")]
    public async Task What_can_not_be_read_is_exit_code_two_and_names_line_and_field(string trace, string setup, string policy, string sentence)
    {
        var (code, output, error) = await RunAsync(trace, setup, policy, compressed: false);

        Assert.Equal((2, ""), (code, output));
        Assert.Contains(sentence, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_archive_and_a_missing_file_are_exit_code_two()
    {
        await File.WriteAllBytesAsync(Path.Combine(folder, "day.csv"), [0x1F, 0x8B, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        await File.WriteAllTextAsync(Path.Combine(folder, "setup.json"), Setup);

        var (damaged, _, why) = await RunAsync("day.csv", "dvfs");
        var (missing, _, where) = await RunAsync("other.csv", "dvfs");

        Assert.Equal((2, 2), (damaged, missing));
        Assert.Contains("day.csv: the gzip data is damaged", why, StringComparison.Ordinal);
        Assert.Contains("other.csv", where, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(string trace, string setup, string policy, bool compressed)
    {
        await using (var file = File.Create(Path.Combine(folder, "day.csv")))
        {
            await using var packed = compressed ? new GZipStream(file, CompressionLevel.Fastest) : (Stream)file;
            await packed.WriteAsync(Encoding.UTF8.GetBytes(trace));
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "setup.json"), setup);
        return await RunAsync("day.csv", policy);
    }

    private Task<(int Code, string Output, string Error)> RunAsync(string trace, string policy) =>
        CommandLine.RunAsync("http://127.0.0.1:9", "simulate", "--trace", Path.Combine(folder, trace), "--setup", Path.Combine(folder, "setup.json"), "--policy", policy, "--json");
}
