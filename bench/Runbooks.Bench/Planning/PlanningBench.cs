using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Runbooks.Bench.Planning;

/// <summary>The entry of <c>make bench-planning</c>: no database, no server; one JSON line for each case.</summary>
internal static class PlanningBench
{
    public const string Usage =
        """
        Usage: make bench-planning ARGS="[--data FOLDER] [--only CASE[,CASE]]"
          --data  folder with planetlab/DAY.csv.gz, planetlab-setup.json and bitbrains-*/DAY_cpu_permille.csv.gz, as far as
                  they are there; without it, only the cases that need no traces
          --only  placement, simulation, forecasting; default all
        """;

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <returns>0, or 2 when an option or a trace can't be read; what is wrong is on stderr.</returns>
    public static int Run(string[] args)
    {
        try
        {
            var (folder, only) = Read(args);
            foreach (var line in Cases(folder, only))
            {
                Console.Out.WriteLine(line.ToJsonString(Json));
                Console.Out.Flush();
            }

            return 0;
        }
        catch (FormatException e)
        {
            Output.Say($"{e.Message}\n{Usage}");
            return 2;
        }
        catch (IOException e)
        {
            Output.Say($"The traces can't be read: {e.Message}");
            return 2;
        }
    }

    private static IEnumerable<JsonObject> Cases(string? folder, IReadOnlyList<string> only)
    {
        bool Wants(string part) => only.Count == 0 || only.Contains(part, StringComparer.Ordinal);
        if (Wants("forecasting"))
        {
            foreach (var line in ForecastCases.Run(folder))
            {
                yield return line;
            }
        }

        if (Wants("placement"))
        {
            foreach (var line in PlacementCases.Run())
            {
                yield return line;
            }
        }

        if (Wants("simulation") && folder is not null)
        {
            foreach (var line in SimulationCases.Run(folder))
            {
                yield return line;
            }
        }
    }

    private static (string? Folder, IReadOnlyList<string> Only) Read(string[] args)
    {
        string? folder = null;
        string[] only = [];
        for (var i = 0; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : throw new FormatException($"{args[i]} needs a value.");
            switch (args[i])
            {
                case "--data":
                    folder = Directory.Exists(value) ? value : throw new FormatException($"--data {value}: there is no such folder.");
                    break;
                case "--only":
                    only = Parts(value);
                    break;
                default:
                    throw new FormatException($"{args[i]} is not an option.");
            }
        }

        return (folder, only);
    }

    private static string[] Parts(string value)
    {
        string[] known = ["placement", "simulation", "forecasting"];
        var wanted = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return Array.Find(wanted, w => !known.Contains(w, StringComparer.Ordinal)) is { } unknown
            ? throw new FormatException($"--only {unknown}: there is no such case; known are {string.Join(", ", known)}.")
            : wanted;
    }
}
