using System.Globalization;

namespace Runbooks.Bench.Migration;

/// <summary>What to measure on the lab, and how often.</summary>
internal sealed record MigrationOptions
{
    public const string Usage =
        """
        Usage: make bench-migration ARGS="[--only CASE[,CASE]] [--times N]"
          --only   default all
          --times  how often each thing is measured, 1 to 500; default what the case needs to say anything
        """;

    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>How often each thing is measured; null: as often as the case itself says.</summary>
    public int? Times { get; init; }

    public int Hosts { get; init; } = 3;

    public bool Wants(string name) => Only.Count == 0 || Only.Contains(name, StringComparer.Ordinal);

    /// <exception cref="FormatException">An option is unknown or out of range; the message is for the person who typed it.</exception>
    public static MigrationOptions Read(string[] args, IReadOnlyList<string> known)
    {
        var options = new MigrationOptions();
        for (var i = 0; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : throw new FormatException($"{args[i]} needs a value.");
            options = args[i] switch
            {
                "--only" => options with { Only = Names(value, known) },
                "--times" => options with { Times = Number(args[i], value, 1, 500) },
                _ => throw new FormatException($"{args[i]} is not an option."),
            };
        }

        return options;
    }

    private static string[] Names(string value, IReadOnlyList<string> known)
    {
        var wanted = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return Array.Find(wanted, w => !known.Contains(w, StringComparer.Ordinal)) is { } unknown
            ? throw new FormatException($"--only {unknown}: there is no such case.")
            : wanted;
    }

    private static int Number(string option, string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new FormatException($"{option} is {value}; it can be from {least} to {most}.");
}
