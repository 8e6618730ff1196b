using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Runbooks.Storage.Embedded;

/// <summary>Where the parts of a private cluster lie.</summary>
internal sealed class ClusterFolder
{
    /// <summary>A Unix socket's path has at most 107 bytes (sun_path is 108 with its end).</summary>
    private const int LongestSocketPath = 107;

    public ClusterFolder(string dataFolder)
    {
        Data = Path.GetFullPath(dataFolder);
        Root = Path.Combine(Data, "postgres");
        Cluster = Path.Combine(Root, "cluster");
        Unfinished = Path.Combine(Root, "cluster.unfinished");
        Log = Path.Combine(Root, "log");
        Socket = SocketFolder();
    }

    public string Data { get; }

    /// <summary>Everything of the cluster; belongs to its account and is closed to all others.</summary>
    public string Root { get; }

    public string Cluster { get; }

    /// <summary>Where a cluster is made before it gets its name: what lies here was interrupted and is thrown away.</summary>
    public string Unfinished { get; }

    public string Log { get; }

    public string Socket { get; }

    public string StartLog => Path.Combine(Log, "start.log");

    public string PidFile => Path.Combine(Cluster, "postmaster.pid");

    /// <summary>The major version that the cluster was made with; null when there is none yet.</summary>
    public int? Major()
    {
        var file = Path.Combine(Cluster, "PG_VERSION");
        return File.Exists(file) && int.TryParse(File.ReadAllText(file).Trim(), CultureInfo.InvariantCulture, out var major) ? major : null;
    }

    /// <summary>
    /// The processes of this cluster: PostgreSQL works in its cluster's folder, which tells a server that was left behind
    /// from a stranger that got its process id.
    /// </summary>
    public IReadOnlyList<int> Processes()
    {
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid) && WorksHere(folder))
            {
                found.Add(pid);
            }
        }

        return found;
    }

    /// <summary>
    /// Deletes the two files that name a PostgreSQL's process; only for when <see cref="Processes"/> is empty. PostgreSQL
    /// itself would take any process that has that number now, or a dead one that nobody has waited for, for its own.
    /// </summary>
    public void DeleteProcessMarks()
    {
        File.Delete(PidFile);
        File.Delete(Path.Combine(Socket, ".s.PGSQL.5432.lock"));
    }

    /// <summary>A folder of ours outside the data folder is not left behind.</summary>
    public void RemoveSocketFolderOutside()
    {
        if (!Socket.StartsWith(Root, StringComparison.Ordinal) && Directory.Exists(Socket) && !Directory.EnumerateFileSystemEntries(Socket).Any())
        {
            Directory.Delete(Socket);
        }
    }

    private bool WorksHere(string processFolder)
    {
        try
        {
            return new FileInfo(Path.Combine(processFolder, "cwd")).LinkTarget == Cluster
                && new FileInfo(Path.Combine(processFolder, "exe")).LinkTarget?.Contains("postgres", StringComparison.Ordinal) == true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile, or belongs to somebody else and so cannot be ours.
            return false;
        }
    }

    private string SocketFolder()
    {
        var near = Path.Combine(Root, "run");
        if (Encoding.UTF8.GetByteCount(Path.Combine(near, ".s.PGSQL.5432.lock")) <= LongestSocketPath)
        {
            return near;
        }

        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Data)))[..16];
        return $"/tmp/runbooks-{name}";
    }
}
