using Runbooks.Bench.Migration.Model;

namespace Runbooks.Bench.Migration;

/// <summary>The entry of <c>make bench-migration</c>: real hosts of its own, one or more JSON lines for each case.</summary>
internal static class MigrationBench
{
    /// <summary>The cases in the order in which they run. A case gets a lab of its own and ends with it.</summary>
    private static readonly (string Name, Func<BenchLab, MigrationOptions, CancellationToken, Task> Run)[] Cases =
    [
        ("overhead", OverheadCase.RunAsync),
        ("downtime", DowntimeCase.RunAsync),
        ("model", ModelCase.RunAsync),
        ("evacuate", EvacuateCase.RunAsync),
        ("failures", FailuresCase.RunAsync),
    ];

    /// <returns>0; 1 when a case found what must not be; 2 when an option can't be read; what is wrong is on stderr.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        MigrationOptions options;
        try
        {
            options = MigrationOptions.Read(args, [.. Cases.Select(c => c.Name)]);
        }
        catch (FormatException e)
        {
            Output.Say($"{e.Message}\n{MigrationOptions.Usage}\n  cases: {string.Join(", ", Cases.Select(c => c.Name))}");
            return 2;
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            stop.Cancel();
        };
        try
        {
            if (options.Replay is { } file)
            {
                ModelCase.Replay(file, options.Seed);
                return 0;
            }

            foreach (var (name, run) in Cases.Where(c => options.Wants(c.Name)))
            {
                Output.Say($"{name}: starting {options.Hosts} hosts");
                await using var lab = await BenchLab.StartAsync(options.Hosts, stop.Token);
                await run(lab, options, stop.Token);
            }

            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Output.Say("Stopped; nothing is left running.");
            return 130;
        }
        catch (BenchException e)
        {
            Output.Say(e.Message);
            return 1;
        }
    }
}

/// <summary>Something that the measurement needs did not happen; the message says what and what was seen.</summary>
internal sealed class BenchException(string message) : Exception(message);
