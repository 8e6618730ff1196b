using System.Globalization;

namespace Runbooks.Hypervisors.Libvirt.Answers;

/// <summary>Lines of the form <c>name : number [unit]</c> or <c>name=number</c>, as virsh writes most of its figures.</summary>
internal sealed class Figures
{
    private readonly Dictionary<string, long> numbers = new(StringComparer.Ordinal);

    /// <summary>Reads what is a whole number and passes over the rest: newer libvirts add lines.</summary>
    public static Figures Read(IEnumerable<string> lines, char separator)
    {
        var figures = new Figures();
        foreach (var line in lines)
        {
            var at = line.IndexOf(separator, StringComparison.Ordinal);
            if (at <= 0)
            {
                continue;
            }

            var value = line.AsSpan(at + 1).Trim();
            var end = value.IndexOf(' ');
            if (long.TryParse(end < 0 ? value : value[..end], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            {
                figures.numbers[line[..at].Trim()] = number;
            }
        }

        return figures;
    }

    /// <summary>The number that an answer consists of; null when it is none.</summary>
    public static long? Alone(string[]? lines) =>
        lines is [var only] && long.TryParse(only.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    public long? Find(string name) => numbers.TryGetValue(name, out var number) ? number : null;

    public long OrZero(string name) => Find(name) ?? 0;

    /// <summary>The names that are not there or are negative.</summary>
    public IEnumerable<string> Missing(params string[] names) => names.Where(n => Find(n) is null or < 0);
}
