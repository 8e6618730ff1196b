using Npgsql;
using Runbooks.Workflows.Activities;

namespace Runbooks.Cluster.Worker;

/// <summary>
/// A world that all processes share, in a database of its own. Its functions behave like a driver that can be fenced: what
/// comes under an older generation than one that was seen is refused and noted, and whatever is made twice is noted.
/// </summary>
public sealed class World(string connectionString) : IAsyncDisposable
{
    private readonly NpgsqlDataSource database = NpgsqlDataSource.Create(connectionString);

    /// <summary>An effect begins; its number.</summary>
    public Task<long> BeginAsync(EffectContext context, string thing, string kind) =>
        AskAsync<long>("SELECT world_begin($1, $2, $3, $4, $5, $6, $7)", context.RunId.Value, context.StepNumber, thing, kind, context.Attempt, context.Claim.Worker, context.Claim.Generation);

    /// <summary>It has happened. False: it was refused.</summary>
    public Task<bool> EndAsync(EffectContext context, long effect) =>
        AskAsync<bool>("SELECT world_end($1, $2)", effect, context.Claim.Generation);

    /// <summary>Looks for a thing, and shuts out whoever has an older generation. Null: it was never made; false: it was made and undone.</summary>
    public async Task<bool?> LookAsync(EffectContext context) =>
        await AskAsync<object?>("SELECT world_look($1, $2, $3)", context.RunId.Value, context.StepNumber, context.Claim.Generation) as bool?;

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private async Task<T> AskAsync<T>(string sql, params object[] values)
    {
        await using var command = database.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        return (T)(await command.ExecuteScalarAsync())!;
    }
}
