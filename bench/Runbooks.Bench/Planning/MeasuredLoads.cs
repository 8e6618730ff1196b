using System.Globalization;
using System.IO.Compression;

namespace Runbooks.Bench.Planning;

/// <summary>Loads of many VMs at steps of five minutes.</summary>
/// <param name="Name">The day, or the first of the days.</param>
/// <param name="Vms">The names of the VMs.</param>
/// <param name="Loads">By VM and step, shares from 0 to 1; NaN where a VM has no value on a day.</param>
internal sealed record MeasuredLoads(string Name, IReadOnlyList<string> Vms, IReadOnlyList<double[]> Loads)
{
    public int Steps => Loads.Count == 0 ? 0 : Loads[0].Length;

    /// <summary>Each day of PlanetLab by itself: the VMs of two days are not the same.</summary>
    public static IEnumerable<MeasuredLoads> PlanetLab(string folder) =>
        Files(Path.Combine(folder, "planetlab"), "*.csv.gz").Select(f => Read(f, unit: 100));

    /// <summary>Days of Bitbrains that follow each other, as one trace.</summary>
    public static IEnumerable<MeasuredLoads> Bitbrains(string folder)
    {
        var days = new List<(DateOnly Day, MeasuredLoads Trace)>();
        foreach (var file in Directory.EnumerateDirectories(folder, "bitbrains*").Order(StringComparer.Ordinal)
                     .SelectMany(f => Files(f, "*_cpu_permille.csv.gz")))
        {
            var text = Path.GetFileName(file).Split('_')[0];
            if (!DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            {
                throw new FormatException($"{file}: its name begins with '{text}'; it must begin with a day such as 2013-08-05.");
            }

            if (days.Count > 0 && day != days[^1].Day.AddDays(1))
            {
                yield return Join(days);
                days.Clear();
            }

            days.Add((day, Read(file, unit: 1000)));
        }

        if (days.Count > 0)
        {
            yield return Join(days);
        }
    }

    private static string[] Files(string folder, string pattern) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, pattern).Order(StringComparer.Ordinal)] : [];

    private static MeasuredLoads Join(List<(DateOnly Day, MeasuredLoads Trace)> days)
    {
        var names = days.SelectMany(d => d.Trace.Vms).Distinct(StringComparer.Ordinal).ToList();
        var rows = names.ToDictionary(n => n, _ => new List<double>(), StringComparer.Ordinal);
        foreach (var (_, trace) in days)
        {
            for (var vm = 0; vm < trace.Vms.Count; vm++)
            {
                rows[trace.Vms[vm]].AddRange(trace.Loads[vm]);
            }

            var until = rows.Values.Max(r => r.Count);
            foreach (var row in rows.Values.Where(r => r.Count < until))
            {
                row.AddRange(Enumerable.Repeat(double.NaN, until - row.Count));
            }
        }

        var name = $"bitbrains {days[0].Day:yyyy-MM-dd}" + (days.Count > 1 ? $" to {days[^1].Day:yyyy-MM-dd}" : "");
        return new MeasuredLoads(name, names, [.. names.Select(n => rows[n].ToArray())]);
    }

    private static MeasuredLoads Read(string file, double unit)
    {
        try
        {
            return ReadLines(file, unit);
        }
        catch (InvalidDataException e)
        {
            throw new FormatException($"{file} is not a gzip file: {e.Message}", e);
        }
    }

    private static MeasuredLoads ReadLines(string file, double unit)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        var names = new List<string>();
        var rows = new List<double[]>();
        var columns = reader.ReadLine()?.Split(',') ?? throw new FormatException($"{file} is empty.");
        for (var line = 2; reader.ReadLine() is { } text; line++)
        {
            var fields = text.Split(',');
            if (fields.Length != columns.Length)
            {
                throw new FormatException($"{file}, line {line}: it has {fields.Length} fields, the first line has {columns.Length}.");
            }

            var row = new double[fields.Length - 1];
            for (var i = 1; i < fields.Length; i++)
            {
                row[i - 1] = int.TryParse(fields[i], NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= unit
                    ? value / unit
                    : throw new FormatException($"{file}, line {line}, {columns[i]}: '{fields[i]}' is not a whole number from 0 to {unit}.");
            }

            names.Add(fields[0]);
            rows.Add(row);
        }

        return new MeasuredLoads("planetlab " + Path.GetFileName(file).Split('.')[0], names, rows);
    }
}
