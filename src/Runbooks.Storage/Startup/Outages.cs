using Npgsql;

namespace Runbooks.Storage.Startup;

/// <summary>Tells an outage of the database from a mistake of ours.</summary>
internal static class Outages
{
    /// <summary>
    /// True when the database can't be reached, is starting or stopping, has no connection left, or gave up a transaction for
    /// the sake of another: asking again later may help. What the mapper throws holds the cause inside.
    /// </summary>
    public static bool IsOne(Exception? exception)
    {
        for (var at = exception; at is not null; at = at.InnerException)
        {
            if (at is NpgsqlException { IsTransient: true })
            {
                return true;
            }
        }

        return false;
    }
}
