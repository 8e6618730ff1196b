using System.Globalization;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.FleetFiles;

/// <summary>One line of fields between bars.</summary>
internal sealed class BarLine(int line, string text)
{
    private readonly string[] fields = text.Split('|');

    public int Count => fields.Length;

    public string this[int field] => fields[field];

    public void NeedAtLeast(int count, string what)
    {
        if (fields.Length < count)
        {
            throw new FleetFileException(line, $"field {fields.Length + 1}", $"this {what} has {fields.Length} fields, wanted at least {count}.");
        }
    }

    public string Name(int field, string what) =>
        HostName.TryParse(fields[field], out _)
            ? fields[field]
            : throw Wrong(what, $"found '{fields[field]}', wanted 1 to 63 letters, digits, '.', '_', '+' or '-', starting with a letter or digit.");

    public int Whole(int field, string what, int least) =>
        int.TryParse(fields[field], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least
            ? value
            : throw Wrong(what, $"found '{fields[field]}', wanted a whole number{(least == int.MinValue ? string.Empty : $" of at least {least}")}.");

    public double Number(int field, string what, double least) =>
        double.TryParse(fields[field], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) && value >= least
            ? value
            : throw Wrong(what, $"found '{fields[field]}', wanted a number of at least {least}.");

    public FleetFileException Wrong(string field, string problem) => new(line, field, problem);
}
