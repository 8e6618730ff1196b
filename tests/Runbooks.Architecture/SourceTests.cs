namespace Runbooks.Architecture;

/// <summary>Rules about the text of the sources.</summary>
public sealed class SourceTests
{
    private const int LongestFile = 500;
    private const int LongestTest = 400;

    private static readonly string[] Text = [".cs", ".razor", ".js", ".css", ".sql"];

    [Fact]
    public void No_source_file_is_longer_than_five_hundred_lines()
    {
        Assert.Empty(TooLong("src", LongestFile));
    }

    [Fact]
    public void No_test_file_is_longer_than_four_hundred_lines()
    {
        Assert.Empty(TooLong("tests", LongestTest));
    }

    [Fact]
    public void No_file_is_named_by_what_anything_could_be()
    {
        string[] empty = ["Helper", "Helpers", "Manager", "Util", "Utils", "Utility"];

        string[] named = [.. Room.Sources("src", ".cs", ".razor").Where(f => empty.Any(e => Path.GetFileNameWithoutExtension(f).EndsWith(e, StringComparison.Ordinal)))];

        Assert.Empty(named);
    }

    [Fact]
    public void No_code_is_left_for_later()
    {
        string[] unfinished = ["TO" + "DO", "FIX" + "ME", "NotImplemented" + "Exception"];

        Assert.Empty(
            from folder in new[] { "src", "tests" }
            from file in Room.Sources(folder, Text)
            from word in unfinished
            where File.ReadAllText(Path.Combine(Room.Repository, file)).Contains(word, StringComparison.Ordinal)
            select $"{file}: {word}");
    }

    private static IEnumerable<string> TooLong(string folder, int most) =>
        from file in Room.Sources(folder, Text)
        let lines = File.ReadLines(Path.Combine(Room.Repository, file)).Count()
        where lines > most
        select $"{file}: {lines} lines";
}
