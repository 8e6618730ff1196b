using Microsoft.EntityFrameworkCore;
using Npgsql;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Storage.Model;
using Runbooks.Storage.Runs;

namespace Runbooks.Storage.Fleet;

/// <summary>Modes of hosts in PostgreSQL: one row per host that is not plainly active.</summary>
internal sealed class PostgresHostModes(NpgsqlDataSource database, IDbContextFactory<RunbooksContext> contexts) : IHostModes
{
    public async Task<HostModeEntry> SetAsync(HostModeEntry wish, CancellationToken cancellationToken)
    {
        _ = ReservationRules.Decide(wish, inForce: null);
        while (true)
        {
            await using var batch = database.CreateBatch();
            batch.Add(
                """
                INSERT INTO runbooks.host_modes AS m (host, mode, holder, reason, set_at) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (host) DO UPDATE SET mode = excluded.mode, reason = excluded.reason, set_at = excluded.set_at
                WHERE m.holder = excluded.holder
                """)
                .WithText(wish.Host.Value).WithText(wish.Mode.ToString()).WithText(wish.Holder).WithText(wish.Reason).WithTime(wish.SetAt);
            if (await batch.ExecuteNonQueryAsync(cancellationToken) == 1)
            {
                return wish;
            }

            // Somebody else holds it; unless he has let go since, and then we try again.
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            if (await context.HostModes.SingleOrDefaultAsync(m => m.Host == wish.Host, cancellationToken) is { } others)
            {
                return others;
            }
        }
    }

    public async Task<bool> ClearAsync(HostName host, string holder, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add("DELETE FROM runbooks.host_modes WHERE host = $1 AND holder = $2").WithText(host.Value).WithText(holder);
        return await batch.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public async Task<IReadOnlyList<HostModeEntry>> ListAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.HostModes.OrderBy(m => m.Host).ToListAsync(cancellationToken);
    }
}
