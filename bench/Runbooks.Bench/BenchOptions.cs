using System.Globalization;

namespace Runbooks.Bench;

/// <summary>What to measure and for how long; the defaults end within three minutes.</summary>
internal sealed record BenchOptions
{
    public const string Usage =
        """
        Usage: make bench-engine ARGS="[--only CASE[,CASE]] [--seconds N] [--waiting N] [--growth N] [--folder PATH]"
          --only     effects, effects-1, effects-8, effects-asking, bookmarks, waiting, growth; default all
          --seconds  length of each measured window, 1 to 600; default 6
          --waiting  runs that wait at the same time, 1 to 100000; default 10000
          --growth   steps of the long run, 200 to 100000; default 10000
          --folder   where the private cluster lies while this runs; default a new folder under the system's temporary one
        """;

    public IReadOnlyList<string> Only { get; init; } = [];

    public int Seconds { get; init; } = 6;

    public int Waiting { get; init; } = 10_000;

    public int Growth { get; init; } = 10_000;

    public string? Folder { get; init; }

    /// <param name="benchmark">A case, or one of several that have the begin of their name in common.</param>
    public bool Wants(string benchmark) => Only.Count == 0 || Only.Contains(benchmark, StringComparer.Ordinal) || Only.Contains(benchmark.Split('-')[0], StringComparer.Ordinal);

    /// <exception cref="FormatException">An option is unknown or out of range; the message is for the person who typed it.</exception>
    public static BenchOptions Read(string[] args)
    {
        var options = new BenchOptions();
        for (var i = 0; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : throw new FormatException($"{args[i]} needs a value.");
            options = args[i] switch
            {
                "--only" => options with { Only = Cases(value) },
                "--seconds" => options with { Seconds = Number(args[i], value, 1, 600) },
                "--waiting" => options with { Waiting = Number(args[i], value, 1, 100_000) },
                "--growth" => options with { Growth = Number(args[i], value, 200, 100_000) },
                "--folder" => options with { Folder = value },
                _ => throw new FormatException($"{args[i]} is not an option."),
            };
        }

        return options;
    }

    private static string[] Cases(string value)
    {
        string[] known = ["effects", "effects-1", "effects-8", "effects-asking", "bookmarks", "waiting", "growth"];
        var wanted = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return Array.Find(wanted, w => !known.Contains(w, StringComparer.Ordinal)) is { } unknown
            ? throw new FormatException($"--only {unknown}: there is no such case; known are {string.Join(", ", known)}.")
            : wanted;
    }

    private static int Number(string option, string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new FormatException($"{option} is {value}; it can be from {least} to {most}.");
}
