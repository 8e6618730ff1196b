using System.Collections.Concurrent;

namespace Runbooks.Server.Startup;

/// <summary>What does not work at the moment, by service. Empty means ready.</summary>
public sealed class ServiceHealth
{
    private readonly ConcurrentDictionary<string, string> problems = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> Problems => new SortedDictionary<string, string>(problems, StringComparer.Ordinal);

    public bool IsReady => problems.IsEmpty;

    /// <summary>Notes a failure. True when the service was well before: that is when it is worth a line in the log.</summary>
    public bool Fails(string service, string problem)
    {
        var isNew = !problems.ContainsKey(service);
        problems[service] = problem;
        return isNew;
    }

    /// <summary>Notes that it works. True when it did not before.</summary>
    public bool Works(string service) => problems.TryRemove(service, out _);
}
