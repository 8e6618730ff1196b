using Npgsql;

namespace Runbooks.Storage;

/// <summary>Names a database for people: where it is and who we are there, never the password.</summary>
internal static class DatabaseTarget
{
    public static string Of(NpgsqlDataSource database)
    {
        var parts = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        return $"'{parts.Database}' on {parts.Host}:{parts.Port} (user '{parts.Username}')";
    }
}
