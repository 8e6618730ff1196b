using System.Globalization;

namespace Runbooks.Fleet.Energy;

/// <summary>Power tables by host model: some published SPECpower_ssj2008 results, and those of a file.</summary>
/// <remarks>A file has a head line <c>model,…,w0,w10,…,w100</c>; columns that do not begin with <c>w</c> and a digit are left out.</remarks>
public static class PowerTables
{
    /// <summary>Results that SPEC has published, watts at 0, 10, …, 100 % load.</summary>
    public static IReadOnlyDictionary<string, PowerCurve> Published { get; } = new Dictionary<string, PowerCurve>(StringComparer.OrdinalIgnoreCase)
    {
        ["HpProLiantMl110G3PentiumD930"] = new([105, 112, 118, 125, 131, 137, 147, 153, 157, 164, 169]),
        ["HpProLiantMl110G4Xeon3040"] = new([86, 89.4, 92.6, 96, 99.5, 102, 106, 108, 112, 114, 117]),
        ["HpProLiantMl110G5Xeon3075"] = new([93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135]),
        ["IbmX3250XeonX3470"] = new([41.6, 46.7, 52.3, 57.9, 65.4, 73, 80.7, 89.5, 99.6, 105, 113]),
        ["IbmX3250XeonX3480"] = new([42.3, 46.7, 49.7, 55.4, 61.8, 69.3, 76.1, 87, 96.1, 106, 113]),
        ["IbmX3550XeonX5670"] = new([66, 107, 120, 131, 143, 156, 173, 191, 211, 229, 247]),
        ["IbmX3550XeonX5675"] = new([58.4, 98, 109, 118, 128, 140, 153, 170, 189, 205, 222]),
    };

    /// <exception cref="FormatException">The text is no table; the message names line and field.</exception>
    public static IReadOnlyDictionary<string, PowerCurve> Read(TextReader text, string file)
    {
        ArgumentNullException.ThrowIfNull(text);
        var head = text.ReadLine()?.Split(',') ?? throw new FormatException($"{file} is empty; a power table begins with the line 'model,w0,w10,…,w100'.");
        int[] watts = [.. Enumerable.Range(0, head.Length).Where(i => head[i] is ['w', >= '0' and <= '9', ..])];
        if (head[0] != "model" || watts.Length < 2)
        {
            throw new FormatException($"{file}, line 1: a power table begins with the line 'model,w0,w10,…,w100'.");
        }

        var tables = new Dictionary<string, PowerCurve>(StringComparer.OrdinalIgnoreCase);
        for (var line = 2; text.ReadLine() is { } row; line++)
        {
            var fields = row.Split(',');
            if (fields.Length != head.Length)
            {
                throw new FormatException($"{file}, line {line}: the line has {fields.Length} fields, the head has {head.Length}.");
            }

            tables[fields[0]] = new PowerCurve([.. watts.Select(i => Watts(fields[i], file, line, head[i]))]);
        }

        return tables;
    }

    private static double Watts(string field, string file, int line, string name) =>
        double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var watts) && watts is >= 0 and < 1e6
            ? watts
            : throw new FormatException($"{file}, line {line}, field {name}: found '{field}'; give watts, 0 or more.");
}
