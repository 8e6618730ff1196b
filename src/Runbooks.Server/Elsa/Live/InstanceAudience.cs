using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Live;

/// <summary>Which instances are looked at, by how many connections.</summary>
internal sealed class InstanceAudience
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, HashSet<RunId>> byConnection = new(StringComparer.Ordinal);
    private readonly Dictionary<RunId, (int Connections, Run Seen)> watched = [];

    /// <summary>A connection looks at a run, which was as given when it began to.</summary>
    public void Join(string connection, Run run)
    {
        lock (gate)
        {
            if (!byConnection.TryGetValue(connection, out var runs))
            {
                byConnection.Add(connection, runs = []);
            }

            if (runs.Add(run.Id))
            {
                watched[run.Id] = watched.TryGetValue(run.Id, out var known) ? (known.Connections + 1, known.Seen) : (1, run);
            }
        }
    }

    public void Leave(string connection)
    {
        lock (gate)
        {
            if (!byConnection.Remove(connection, out var runs))
            {
                return;
            }

            foreach (var run in runs)
            {
                var (connections, seen) = watched[run];
                if (connections == 1)
                {
                    _ = watched.Remove(run);
                }
                else
                {
                    watched[run] = (connections - 1, seen);
                }
            }
        }
    }

    /// <summary>Runs that are looked at, with how many connections look and what the first of them has seen.</summary>
    public IReadOnlyList<(RunId Id, int Connections, Run Seen)> Watched
    {
        get
        {
            lock (gate)
            {
                return [.. watched.Select(w => (w.Key, w.Value.Connections, w.Value.Seen))];
            }
        }
    }
}
