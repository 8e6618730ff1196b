namespace Runbooks.Server.Configuration;

/// <summary>Where runs and history are kept.</summary>
public enum DatabaseKind
{
    /// <summary>PostgreSQL: the one that the connection string names, or a private cluster in the data folder.</summary>
    Postgres,

    /// <summary>Nothing outlives the process. For tests and for looking around.</summary>
    Memory,
}

/// <summary>Section <c>Database</c>.</summary>
public sealed class DatabaseOptions
{
    public const string Section = "Database";

    public DatabaseKind Kind { get; set; } = DatabaseKind.Postgres;

    /// <summary>Npgsql's connection string; null: the server initialises and starts a private cluster in its data folder.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Connections that this server may hold, 8 to 1000. Default 40: a private cluster allows 100 in all.</summary>
    public int MaxConnections { get; set; } = 40;

    public void Check(List<string> problems)
    {
        ArgumentNullException.ThrowIfNull(problems);
        if (!Enum.IsDefined(Kind))
        {
            problems.Add($"Database:Kind is '{Kind}'; it can be postgres or memory.");
        }

        if (MaxConnections is < 8 or > 1000)
        {
            problems.Add($"Database:MaxConnections is {MaxConnections}; it can be from 8 to 1000.");
        }

        if (Kind == DatabaseKind.Memory && !string.IsNullOrWhiteSpace(ConnectionString))
        {
            problems.Add("Database:ConnectionString is set and Database:Kind is memory; remove one of them.");
        }
    }
}
