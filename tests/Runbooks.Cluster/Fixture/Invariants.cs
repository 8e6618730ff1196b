using Npgsql;

namespace Runbooks.Cluster.Fixture;

/// <summary>What must be true after every test, whatever was killed, frozen or away.</summary>
public static class Invariants
{
    private static readonly (string What, string Sql)[] OfTheProduct =
    [
        ("a run is neither at an end nor waiting for a person with a reason",
            "SELECT id::text || ' ' || status FROM runbooks.runs WHERE status NOT IN ('Finished', 'Compensated', 'Cancelled', 'Faulted') AND NOT (status = 'NeedsAttention' AND reason <> '')"),
        ("a run at rest is still leased", "SELECT id::text || ' ' || owner FROM runbooks.runs WHERE owner IS NOT NULL"),
        ("a journal has gaps or more or less than its run counts",
            """
            SELECT r.id::text FROM runbooks.runs r LEFT JOIN runbooks.journal j ON j.run_id = r.id
            GROUP BY r.id HAVING count(j.sequence) <> r.next_journal_sequence - 1 OR coalesce(max(j.sequence), 0) <> r.next_journal_sequence - 1
            """),
        ("a step of a run at its end is open",
            "SELECT e.run_id::text || ' ' || e.node_id FROM runbooks.executions e JOIN runbooks.runs r ON r.id = e.run_id WHERE e.status = 'Running' AND r.status IN ('Finished', 'Compensated', 'Cancelled', 'Faulted')"),
        ("a bookmark or message of a run at its end is left",
            """
            SELECT r.id::text FROM runbooks.runs r WHERE r.status IN ('Finished', 'Compensated', 'Cancelled', 'Faulted')
            AND (EXISTS (SELECT 1 FROM runbooks.bookmarks b WHERE b.run_id = r.id) OR EXISTS (SELECT 1 FROM runbooks.stimuli s WHERE s.run_id = r.id AND s.settled_at IS NULL))
            """),
        ("two runs have one wish", "SELECT idempotency_key FROM runbooks.runs WHERE idempotency_key IS NOT NULL GROUP BY 1 HAVING count(*) > 1"),
    ];

    public static async Task CheckAsync(this ClusterUnderTest cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        foreach (var (what, sql) in OfTheProduct)
        {
            var found = await ListAsync(cluster.Product, sql, r => r.GetString(0));
            Assert.True(found.Count == 0, $"{found.Count} times {what}: {string.Join(", ", found.Take(5))}");
        }

        var doubles = await ListAsync(cluster.World, "SELECT format('%s of %s/%s by %s', kind, run, step, worker) FROM doubles", r => r.GetString(0));
        Assert.True(doubles.Count == 0, $"Done twice: {string.Join(", ", doubles)}");
        await CompareAsync(cluster);
        await CheckOrderOfUndoAsync(cluster);
    }

    /// <summary>What the runs say has happened is what stands in the world, and nothing else stands there.</summary>
    private static async Task CompareAsync(ClusterUnderTest cluster)
    {
        var said = await ListAsync(
            cluster.Product,
            "SELECT run_id::text || '/' || number FROM runbooks.executions WHERE effect = 'Done' AND undo <> 'Undone' ORDER BY 1",
            r => r.GetString(0));
        var stands = await ListAsync(cluster.World, "SELECT run::text || '/' || step FROM things WHERE standing ORDER BY 1", r => r.GetString(0));
        Assert.Equal([], said.Except(stands, StringComparer.Ordinal).Take(5));
        Assert.Equal([], stands.Except(said, StringComparer.Ordinal).Take(5));
    }

    /// <summary>Within a run, what completed last was undone first.</summary>
    private static async Task CheckOrderOfUndoAsync(ClusterUnderTest cluster)
    {
        var completed = (await ListAsync(
                cluster.Product,
                "SELECT run_id, number, completion_order FROM runbooks.executions WHERE undo = 'Undone' AND completion_order IS NOT NULL",
                r => (Run: r.GetGuid(0), Step: r.GetInt64(1), Order: r.GetInt64(2))))
            .ToDictionary(c => (c.Run, c.Step), c => c.Order);
        var undone = await ListAsync(cluster.World, "SELECT run, step FROM effects WHERE kind = 'undo' AND ended IS NOT NULL ORDER BY ended", r => (Run: r.GetGuid(0), Step: r.GetInt64(1)));
        foreach (var run in undone.GroupBy(u => u.Run))
        {
            var order = run.Select(u => completed[(u.Run, u.Step)]).ToArray();
            Assert.Equal(order.OrderDescending(), order);
        }
    }

    public static async Task<List<T>> ListAsync<T>(NpgsqlDataSource source, string sql, Func<NpgsqlDataReader, T> read)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(read);
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
