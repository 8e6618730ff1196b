using Npgsql;

namespace Runbooks.Storage;

/// <summary>
/// The connections of one server, in three pools. Pages and schedules that take all of theirs take none of the engine's,
/// and an engine that waits for all of its own still renews its leases.
/// </summary>
internal sealed class ConnectionPools : IAsyncDisposable, IDisposable
{
    /// <summary>Fewer cannot be divided: one keeps the worker's name, two renew, two execute, three serve the rest.</summary>
    public const int Least = 8;

    private const int ForLeases = 3;

    /// <summary>A third of the default lease: a renewal that takes longer is better tried again.</summary>
    private const int LeaseSeconds = 10;

    /// <param name="connectionString">The database; a name of the application that it gives is kept.</param>
    /// <param name="most">Connections in all, at least <see cref="Least"/>.</param>
    public ConnectionPools(string connectionString, int most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, Least);
        var engine = (most - ForLeases) / 2;
        General = Pool(connectionString, most - ForLeases - engine, "", _ => { });
        Engine = Pool(connectionString, engine, " engine", parts =>
        {
            // The same few statements again and again: parsed and planned once per connection. They are look-ups by key,
            // for which one plan is right whatever the values.
            parts.MaxAutoPrepare = 60;
            parts.AutoPrepareMinUsages = 2;

            // Every statement of the engine finds its few rows by an index. A plan that was made while a table was small and
            // reads all of it, or all steps of a run, would be kept while they grow.
            parts.Options = $"{parts.Options} -c plan_cache_mode=force_generic_plan -c jit=off -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off".TrimStart();

            // No statement of the engine leaves anything behind in its session.
            parts.NoResetOnClose = true;
        });
        Leases = Pool(connectionString, ForLeases, " leases", parts => (parts.Timeout, parts.CommandTimeout) = (LeaseSeconds, LeaseSeconds));
    }

    /// <summary>For pages, schedules, the outbox, and whatever else is not below.</summary>
    public NpgsqlDataSource General { get; }

    /// <summary>For the execution of runs. Its statements must leave nothing in the session: it is not reset.</summary>
    public NpgsqlDataSource Engine { get; }

    /// <summary>For renewals of leases, and for the worker's name.</summary>
    public NpgsqlDataSource Leases { get; }

    public void Clear()
    {
        General.Clear();
        Engine.Clear();
        Leases.Clear();
    }

    public void Dispose()
    {
        General.Dispose();
        Engine.Dispose();
        Leases.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await General.DisposeAsync();
        await Engine.DisposeAsync();
        await Leases.DisposeAsync();
    }

    private static NpgsqlDataSource Pool(string connectionString, int most, string name, Action<NpgsqlConnectionStringBuilder> more)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString) { MaxPoolSize = most };
        parts.ApplicationName ??= "runbooks";
        parts.ApplicationName += name;
        more(parts);
        return NpgsqlDataSource.Create(parts.ConnectionString);
    }
}
