namespace Runbooks.Lab.FailureTable;

/// <summary>The whole failure table: its parts are played side by side, each on hosts of its own.</summary>
public static class AllRows
{
    public static IReadOnlyList<IReadOnlyList<FailureRow>> Parts { get; } = [[.. CopyRows.All, .. HostileRows.All], [.. SwitchOverRows.All, .. PostCopyRows.All]];

    /// <summary>Plays every row and tells each result as it comes.</summary>
    /// <returns>All results; a row whose <see cref="RowResult.Wrong"/> is not empty ended as it must not.</returns>
    public static async Task<IReadOnlyList<RowResult>> PlayAsync(Action<RowResult> tell, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tell);
        var results = await Task.WhenAll(Parts.Select(rows => PlayAsync(rows, tell, cancellationToken)));
        return [.. results.SelectMany(r => r)];
    }

    private static async Task<IReadOnlyList<RowResult>> PlayAsync(IReadOnlyList<FailureRow> rows, Action<RowResult> tell, CancellationToken cancellationToken)
    {
        var lab = new FailureLab();
        try
        {
            await lab.InitializeAsync();
            var results = new List<RowResult>();
            foreach (var row in rows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                results.Add(await lab.PlayAsync(row));
                tell(results[^1]);
            }

            return results;
        }
        finally
        {
            await lab.DisposeAsync();
        }
    }
}
