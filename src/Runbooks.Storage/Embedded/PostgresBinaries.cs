using System.Globalization;

namespace Runbooks.Storage.Embedded;

/// <summary>A folder with PostgreSQL's server programs, and their major version.</summary>
internal sealed record PostgresBinaries(string Folder, int Major)
{
    private static readonly string[] Needed = ["initdb", "pg_ctl", "postgres"];

    public string Program(string name) => Path.Combine(Folder, name);

    /// <summary>
    /// Finds the programs: of <paramref name="major"/> when the cluster exists already, else the newest on this machine.
    /// Null when there are none.
    /// </summary>
    public static async Task<PostgresBinaries?> FindAsync(int? major, CancellationToken cancellationToken)
    {
        var found = new List<PostgresBinaries>();
        foreach (var folder in await CandidatesAsync(cancellationToken))
        {
            if (Needed.All(program => File.Exists(Path.Combine(folder, program)))
                && await MajorAsync(folder, cancellationToken) is { } version)
            {
                found.Add(new PostgresBinaries(folder, version));
            }
        }

        return found.Where(b => major is null || b.Major == major).MaxBy(b => b.Major);
    }

    private static async Task<IReadOnlyCollection<string>> CandidatesAsync(CancellationToken cancellationToken)
    {
        var folders = new List<string>();
        const string debian = "/usr/lib/postgresql";
        if (Directory.Exists(debian))
        {
            folders.AddRange(Directory.GetDirectories(debian).Select(version => Path.Combine(version, "bin")));
        }

        var path = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':', StringSplitOptions.RemoveEmptyEntries);
        folders.AddRange(path);
        if (path.Select(folder => Path.Combine(folder, "pg_config")).FirstOrDefault(File.Exists) is { } pgConfig)
        {
            var answer = await CommandLine.RunAsync([pgConfig, "--bindir"], "/", cancellationToken);
            if (answer.Ok)
            {
                folders.Add(answer.Output);
            }
        }

        return [.. folders.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The number in <c>postgres (PostgreSQL) 15.20 (Debian …)</c>.</summary>
    private static async Task<int?> MajorAsync(string folder, CancellationToken cancellationToken)
    {
        var answer = await CommandLine.RunAsync([Path.Combine(folder, "postgres"), "--version"], "/", cancellationToken);
        var number = answer.Output.Split(' ').SkipWhile(word => word != "(PostgreSQL)").Skip(1).FirstOrDefault();
        var digits = new string([.. (number ?? string.Empty).TakeWhile(char.IsAsciiDigit)]);
        return int.TryParse(digits, CultureInfo.InvariantCulture, out var major) ? major : null;
    }
}
