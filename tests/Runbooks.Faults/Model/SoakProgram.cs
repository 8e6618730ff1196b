using System.Diagnostics;
using System.Globalization;

namespace Runbooks.Faults.Model;

/// <summary>Plays seeds from the command line: <c>make soak SEEDS=100000 [FROM=n]</c>, <c>make soak SEED=123</c>.</summary>
public static class SoakProgram
{
    public static int Main(string[] args)
    {
        if (args is ["--seed", var one])
        {
            return Replay(int.Parse(one, CultureInfo.InvariantCulture));
        }

        if (args is ["--seeds", var count, "--from", var from])
        {
            return Soak(int.Parse(from, CultureInfo.InvariantCulture), int.Parse(count, CultureInfo.InvariantCulture));
        }

        Console.Error.WriteLine("Usage: --seed N | --seeds COUNT --from N");
        return 2;
    }

    private static int Replay(int seed)
    {
        var run = SeedRun.Play(seed, Console.WriteLine);
        Console.WriteLine(run.Problems.Count == 0 ? $"Seed {seed} is well. {Ends(run.Ends)}" : run.Report);
        Console.WriteLine($"hash {run.Hash}");
        return run.Problems.Count == 0 ? 0 : 1;
    }

    private static int Soak(int from, int count)
    {
        var gate = new Lock();
        var clock = Stopwatch.StartNew();
        var totals = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var failing = new List<int>();
        var done = 0;
        _ = Parallel.For(from, from + count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
        {
            var run = SeedRun.Play(seed);
            lock (gate)
            {
                done++;
                foreach (var (name, number) in run.Ends)
                {
                    totals[name] = totals.GetValueOrDefault(name) + number;
                }

                if (run.Problems.Count > 0)
                {
                    failing.Add(seed);
                    Console.WriteLine($"seed {seed} fails: {run.Problems[0]}");
                }

                if (done % 500 == 0 || done == count)
                {
                    Console.WriteLine($"{done} of {count} seeds, {failing.Count} fail, {done / clock.Elapsed.TotalSeconds:0} a second; {Ends(totals)}");
                }
            }
        });
        if (failing.Count > 0)
        {
            Console.WriteLine($"Failing seeds: {string.Join(", ", failing.Order())}. See one with: make soak SEED={failing.Min()}");
        }

        return failing.Count == 0 ? 0 : 1;
    }

    private static string Ends<T>(IEnumerable<KeyValuePair<string, T>> ends) => string.Join(", ", ends.Select(e => $"{e.Value} {e.Key}"));
}
