using System.Globalization;

namespace Runbooks.Faults.Simulation;

/// <summary>What happened, in order: a hash of all of it, and the last lines for people.</summary>
internal sealed class Trace
{
    private const ulong Prime = 1_099_511_628_211;
    private readonly Queue<string> lines = new();
    private ulong hash = 14_695_981_039_346_656_037;

    /// <summary>Lines that are kept.</summary>
    public int Keep { get; set; } = 400;

    /// <summary>Told of each line; prints the trace of a seed that is played again.</summary>
    public Action<string>? OnLine { get; set; }

    /// <summary>Two simulations with one hash did the same things in the same order at the same times.</summary>
    public string Hash => hash.ToString("x16", CultureInfo.InvariantCulture);

    public IReadOnlyCollection<string> Lines => lines;

    public void Note(int first, int second) => hash = ((((hash ^ (uint)first) * Prime) ^ (uint)second) * Prime) + 1;

    /// <summary>Counts for the hash without being shown.</summary>
    public void Note(string text)
    {
        foreach (var c in text)
        {
            hash = (hash ^ c) * Prime;
        }
    }

    public void Write(TimeSpan at, string text)
    {
        var line = $"{at.ToString(@"hh\:mm\:ss\.fff", CultureInfo.InvariantCulture)} {text}";
        Note(line);
        lines.Enqueue(line);
        if (lines.Count > Keep)
        {
            _ = lines.Dequeue();
        }

        OnLine?.Invoke(line);
    }
}
