using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Runbooks.Fleet.History;
using Runbooks.Fleet.Model;
using Runbooks.Storage.Model;

namespace Runbooks.Storage.Fleet;

/// <summary>Recorded loads in PostgreSQL: a round of samples of the whole fleet is one round trip.</summary>
internal sealed class PostgresFleetHistory(NpgsqlDataSource database, IDbContextFactory<RunbooksContext> contexts) : IFleetHistory
{
    public async Task AppendAsync(IReadOnlyList<HostSample> hosts, IReadOnlyList<VmSample> vms, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(Columns(
            """
            INSERT INTO runbooks.host_samples (at, host, cpu_load, memory_used_mib, vms)
            SELECT * FROM unnest($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
            """,
            (NpgsqlDbType.TimestampTz, hosts.Select(s => s.At.UtcDateTime).ToArray()),
            (NpgsqlDbType.Text, hosts.Select(s => s.Host.Value).ToArray()),
            (NpgsqlDbType.Double, hosts.Select(s => s.CpuLoad).ToArray()),
            (NpgsqlDbType.Integer, hosts.Select(s => s.MemoryUsedMiB).ToArray()),
            (NpgsqlDbType.Integer, hosts.Select(s => s.Vms).ToArray())));
        batch.BatchCommands.Add(Columns(
            """
            INSERT INTO runbooks.vm_samples (at, vm, host, cpu_load, memory_used_mib)
            SELECT * FROM unnest($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
            """,
            (NpgsqlDbType.TimestampTz, vms.Select(s => s.At.UtcDateTime).ToArray()),
            (NpgsqlDbType.Text, vms.Select(s => s.Vm.Value).ToArray()),
            (NpgsqlDbType.Text, vms.Select(s => s.Host.Value).ToArray()),
            (NpgsqlDbType.Double, vms.Select(s => s.CpuLoad).ToArray()),
            (NpgsqlDbType.Integer, vms.Select(s => s.MemoryUsedMiB).ToArray())));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<HostSample>> HostSamplesAsync(HostName host, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.HostSamples
            .Where(s => s.Host == host && s.At >= since.ToUniversalTime())
            .OrderBy(s => s.At)
            .ToListAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<VmSample>> VmSamplesAsync(VmName vm, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.VmSamples
            .Where(s => s.Vm == vm && s.At >= since.ToUniversalTime())
            .OrderBy(s => s.At)
            .ToListAsync(cancellationToken);
    }

    private static NpgsqlBatchCommand Columns(string sql, params ReadOnlySpan<(NpgsqlDbType Type, Array Values)> columns)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var (type, values) in columns)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = values, NpgsqlDbType = NpgsqlDbType.Array | type });
        }

        return command;
    }
}
