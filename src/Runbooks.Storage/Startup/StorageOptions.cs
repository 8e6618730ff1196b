using Microsoft.Extensions.Options;
using Npgsql;
using Runbooks.Storage.Retention;

namespace Runbooks.Storage;

/// <summary>What the storage has to know; its messages use the names of the server's settings.</summary>
public sealed class StorageOptions
{
    /// <summary>Beside the program that is started, as a newcomer expects it.</summary>
    public const string DefaultDataFolder = "var";

    /// <summary>Connections of one server; a private cluster allows 100 in all, and workers, scheduler and pages share these.</summary>
    public const int DefaultMaxConnections = 40;

    /// <summary>
    /// A PostgreSQL server, as an Npgsql connection string. Null: a private cluster in <see cref="DataFolder"/>, which the
    /// server makes, starts and stops itself.
    /// </summary>
    public string? ConnectionString { get; set; }

    /// <summary>Where the server keeps what is its own; made if it is not there. Default <c>var</c>.</summary>
    public string DataFolder { get; set; } = DefaultDataFolder;

    /// <summary>
    /// The name of this worker, unique among all servers on one database: leases are held under it, and a second process of
    /// that name is refused. Default: the name of the machine.
    /// </summary>
    public string WorkerName { get; set; } = Environment.MachineName;

    /// <summary>
    /// True: a second process with the name is refused. False: it takes the first free of <c>name#2</c>, <c>name#3</c>, …, so
    /// that several servers of one machine need no setting; after a restart the first free one is taken again.
    /// </summary>
    public bool WorkerNameIsFixed { get; set; } = true;

    /// <summary>Told the name that this process has got, before anything else starts.</summary>
    public Action<string> Named { get; set; } = static _ => { };

    /// <summary>Connections that this server may hold, 8 to 1000. Default 40.</summary>
    public int MaxConnections { get; set; } = DefaultMaxConnections;

    /// <summary>How long runs that have ended are kept.</summary>
    public RetentionOptions Retention { get; set; } = new();

    internal sealed class Validator : IValidateOptions<StorageOptions>
    {
        public ValidateOptionsResult Validate(string? name, StorageOptions options)
        {
            var problems = new List<string>();
            if (options.ConnectionString is not null && ProblemOf(options.ConnectionString) is { } problem)
            {
                problems.Add($"Database:ConnectionString is not a PostgreSQL connection string: {problem}");
            }

            if (string.IsNullOrWhiteSpace(options.DataFolder))
            {
                problems.Add("Data is empty; name a folder, such as 'var'.");
            }

            if (string.IsNullOrWhiteSpace(options.WorkerName) || options.WorkerName.Length > 100)
            {
                problems.Add($"Engine:Worker is '{options.WorkerName}'; use 1 to 100 characters.");
            }

            if (options.MaxConnections is < ConnectionPools.Least or > 1000)
            {
                problems.Add($"Database:MaxConnections is {options.MaxConnections}; use {ConnectionPools.Least} to 1000.");
            }

            options.Retention.Check(problems);

            return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
        }

        /// <summary>What is wrong with it; the text itself may hold a password and is not repeated.</summary>
        private static string? ProblemOf(string connectionString)
        {
            try
            {
                var parts = new NpgsqlConnectionStringBuilder(connectionString);
                return string.IsNullOrEmpty(parts.Host) ? "it names no Host." : string.IsNullOrEmpty(parts.Database) ? "it names no Database." : null;
            }
            catch (ArgumentException e)
            {
                return e.Message;
            }
        }
    }
}
