using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Live;

/// <summary>Which instances are looked at, by how many connections.</summary>
internal sealed class InstanceAudience
{
    /// <summary>Connections of one viewer.</summary>
    private const int ConnectionsOfViewer = 3;

    /// <summary>Requests that a viewer makes each second by itself, about the activity that is selected in it, while that one runs.</summary>
    private const int AskedByViewer = 2;

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

    /// <summary>
    /// How long an answer about a step that runs is good enough for the browser of a viewer. Studio asks for the selected one
    /// every second, and first that is the root, which runs as long as its run; answered from the browser's own cache, all
    /// viewers together ask here about once a second.
    /// </summary>
    public TimeSpan FreshFor => TimeSpan.FromSeconds(Math.Max(1, Watched.Sum(w => Viewers(w.Connections))) * AskedByViewer);

    /// <summary>How many viewers so many connections are.</summary>
    public static int Viewers(int connections) => (connections + ConnectionsOfViewer - 1) / ConnectionsOfViewer;

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
