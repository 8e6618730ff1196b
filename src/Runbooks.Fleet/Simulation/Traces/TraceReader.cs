using System.Globalization;

namespace Runbooks.Fleet.Simulation.Traces;

/// <summary>Reads traces: a head line <c>vm,t0,t1,…</c>, then one line per VM with its name and its load in per cent at each sample.</summary>
public static class TraceReader
{
    /// <param name="text">The file's text.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="TraceFormatException">The text is no trace; the message names line and field.</exception>
    public static LoadTrace Read(TextReader text, string file)
    {
        ArgumentNullException.ThrowIfNull(text);
        var head = text.ReadLine() ?? throw new TraceFormatException($"{file} is empty; a trace begins with the line 'vm,t0,t1,…'.");
        var columns = head.Split(',');
        if (columns[0] != "vm" || columns.Length < 2)
        {
            throw new TraceFormatException($"{file}, line 1, field 1: found '{Short(columns[0])}'; a trace begins with the line 'vm,t0,t1,…'.");
        }

        var samples = columns.Length - 1;
        var names = new List<string>();
        var rows = new List<double[]>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        for (var line = 2; text.ReadLine() is { } row; line++)
        {
            if (row.Length == 0 && text.Peek() < 0)
            {
                break;
            }

            rows.Add(ReadRow(row, samples, file, line, out var name));
            names.Add(known.Add(name) ? name : throw new TraceFormatException($"{file}, line {line}, field 1 (vm): '{Short(name)}' is there a second time; each VM has one line."));
        }

        return names.Count == 0
            ? throw new TraceFormatException($"{file}, line 2: there is no VM; after the head a trace has one line per VM.")
            : new LoadTrace(names, BySample(rows, samples), samples);
    }

    private static double[] ReadRow(string row, int samples, string file, int line, out string name)
    {
        var fields = row.Count(c => c == ',') + 1;
        if (fields != samples + 1)
        {
            throw new TraceFormatException($"{file}, line {line}, field {Math.Min(fields, samples + 1) + (fields > samples + 1 ? 1 : 0)}: the line has {fields} fields, the head has {samples + 1}; give a load for each sample.");
        }

        var rest = row.AsSpan();
        var comma = rest.IndexOf(',');
        name = rest[..comma].Trim().ToString();
        if (name.Length == 0)
        {
            throw new TraceFormatException($"{file}, line {line}, field 1 (vm): the name is missing.");
        }

        var loads = new double[samples];
        for (var k = 0; k < samples; k++)
        {
            rest = rest[(comma + 1)..];
            comma = rest.IndexOf(',');
            var field = comma < 0 ? rest : rest[..comma];
            if (!double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var percent) || !(percent is >= 0 and <= 100))
            {
                throw new TraceFormatException($"{file}, line {line}, field {k + 2} (t{k}): found '{Short(field.ToString())}'; a load is a number from 0 to 100, in per cent.");
            }

            loads[k] = percent / 100;
        }

        return loads;
    }

    private static double[] BySample(List<double[]> rows, int samples)
    {
        var loads = new double[rows.Count * samples];
        for (var v = 0; v < rows.Count; v++)
        {
            for (var k = 0; k < samples; k++)
            {
                loads[(k * rows.Count) + v] = rows[v][k];
            }
        }

        return loads;
    }

    private static string Short(string text) => text.Length <= 40 ? text : $"{text[..40]}…";
}
