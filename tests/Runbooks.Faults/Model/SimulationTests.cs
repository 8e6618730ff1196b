using System.Diagnostics;

namespace Runbooks.Faults.Model;

/// <summary>A thousand simulations of the whole installation, each from its seed. Many more: <c>make soak SEEDS=100000</c>.</summary>
public sealed class SimulationTests
{
    private const int Chunk = 100;

    public static TheoryData<int> Chunks => [.. Enumerable.Range(0, 10).Select(i => (i * Chunk) + 1)];

    [Theory]
    [MemberData(nameof(Chunks))]
    public void Whatever_happens_the_invariants_hold(int first)
    {
        var gate = new Lock();
        var failures = new SortedDictionary<int, string>();
        var finished = 0;
        _ = Parallel.For(first, first + Chunk, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
        {
            var run = SeedRun.Play(seed);
            lock (gate)
            {
                finished += run.Ends.GetValueOrDefault("Finished");
                if (run.Problems.Count > 0)
                {
                    failures.Add(seed, run.Report);
                }
            }
        });

        Assert.True(failures.Count == 0, $"Seeds {string.Join(", ", failures.Keys)} fail.\n{failures.Values.FirstOrDefault()}");
        Assert.True(finished > Chunk, $"Only {finished} runs finished: the simulation hardly does anything.");
    }

    [Theory]
    [InlineData(7)]
    [InlineData(42)]
    [InlineData(1234)]
    public void The_same_seed_gives_the_same_trace(int seed)
    {
        var lines = new List<string>();
        var again = new List<string>();

        var first = SeedRun.Play(seed, lines.Add);
        var second = SeedRun.Play(seed, again.Add);

        Assert.True(lines.Count > 50, $"Only {lines.Count} lines.");
        Assert.Equal(lines, again);
        Assert.Equal(first.Hash, second.Hash);
        Assert.NotEqual(first.Hash, SeedRun.Play(seed + 1).Hash);
    }

    /// <summary>Hashes of text differ from process to process; the order of things must not.</summary>
    [Fact]
    public async Task Another_process_sees_the_same_trace()
    {
        var here = SeedRun.Play(42).Hash;
        using var process = Process.Start(new ProcessStartInfo("dotnet", [typeof(SoakProgram).Assembly.Location, "--seed", "42"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.Contains($"hash {here}", output, StringComparison.Ordinal);
    }
}
