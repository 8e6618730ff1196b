using Npgsql;

namespace Runbooks.Storage.Runs;

/// <summary>
/// A few rows written out one by one, as <c>($1, $2, $3), ($1, $4, $5)</c>. The database unpacks each array of
/// <c>unnest</c> into a store of its own before it writes the first row; for the few rows of a usual commit that costs more
/// than the writing. There is one text for each number of rows, so that each is still prepared once.
/// </summary>
/// <param name="insert">Everything before the rows.</param>
/// <param name="values">How many values a row has, besides the first, which all rows share.</param>
/// <param name="casts">Types that values are written with, by the place of the value; the first value that is not shared has place 0.</param>
internal sealed class RowLists(string insert, int values, params (int Place, string Type)[] casts)
{
    /// <summary>More are sent as arrays: their price is paid once, and there are only so many texts to keep prepared.</summary>
    public const int Most = 6;

    private readonly string[] texts = [.. Enumerable.Range(1, Most).Select(rows => Text(insert, values, casts, new Places(), rows))];

    /// <summary>The statement as a part of another one.</summary>
    /// <param name="at">Where the other one has come to.</param>
    /// <param name="rows">1 to <see cref="Most"/>.</param>
    public string Text(Places at, int rows) => Text(insert, values, casts, at, rows);

    /// <summary>Adds the statement for some items; each item's values follow in order, after the shared one is given.</summary>
    /// <param name="batch">What is sent.</param>
    /// <param name="shared">The first value of each row.</param>
    /// <param name="items">1 to <see cref="Most"/>.</param>
    /// <param name="with">Gives the values of one item.</param>
    public void Add<T>(NpgsqlBatch batch, Guid shared, IReadOnlyList<T> items, Action<NpgsqlBatchCommand, T> with)
    {
        var command = batch.Add(texts[items.Count - 1]).With(shared);
        foreach (var item in items)
        {
            with(command, item);
        }
    }

    private static string Text(string insert, int values, (int Place, string Type)[] casts, Places at, int rows) =>
        $"{insert} VALUES {string.Join(", ", Enumerable.Range(0, rows).Select(_ => Row(values, casts, at)))}";

    private static string Row(int values, (int Place, string Type)[] casts, Places at) =>
        $"({Places.Run}, {string.Join(", ", Enumerable.Range(0, values).Select(place => at.Next() + CastOf(place, casts)))})";

    private static string CastOf(int place, (int Place, string Type)[] casts) =>
        Array.Find(casts, c => c.Place == place) is { Type: { } type } ? $"::{type}" : "";
}
