namespace Runbooks.Fleet.Migrations;

/// <summary>Migrations in memory, for tests and simulation.</summary>
public sealed class InMemoryMigrationHistory : IMigrationHistory
{
    private readonly Lock gate = new();
    private readonly List<MigrationRecord> records = [];

    public Task<bool> AppendAsync(MigrationRecord record, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(record);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            if (records.Exists(r => string.Equals(r.Run, record.Run, StringComparison.Ordinal) && r.Vm == record.Vm))
            {
                return Task.FromResult(false);
            }

            records.Add(record);
            return Task.FromResult(true);
        }
    }

    public Task<IReadOnlyList<MigrationRecord>> ListAsync(int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult<IReadOnlyList<MigrationRecord>>([.. records.OrderBy(r => r.EndedAt).ThenBy(r => r.Run, StringComparer.Ordinal).ThenBy(r => r.Vm.Value, StringComparer.Ordinal).TakeLast(count)]);
        }
    }
}
