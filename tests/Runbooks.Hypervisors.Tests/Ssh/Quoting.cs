using System.Diagnostics;
using System.Text;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Tests.Ssh;

public sealed class Quoting
{
    private const string Spiteful = "'\"\\`$(){}[]<>|&;*?!#~=%^-+,.:@/ \tabcXYZ019\u0001\u007f\u00e9\u20ac\U0001F600";

    [Fact]
    public void Ten_thousand_hostile_words_arrive_as_they_were_sent()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        string[] words = [.. Fixed(), .. Enumerable.Range(0, 10_000).Select(_ => Word(random))];

        // In portions, because one argument of a program is at most 128 KiB.
        foreach (var portion in words.Chunk(500))
        {
            Assert.True(portion.SequenceEqual(ThroughShell(portion)), $"A word did not arrive as it was sent; seed {seed}.");
        }
    }

    [Theory]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    [InlineData("a\rb")]
    public void What_no_argument_may_hold_is_refused(string word) =>
        Assert.Throws<ArgumentException>(() => PosixQuoting.Quote(word));

    private static string[] Fixed() =>
        ["", "'", "''", "'\\''", "$(touch /tmp/x)", "`id`", "; reboot", "-rf", "--", "a b", " ", "\\", "\"", "*", "~", "$HOME", "${IFS}", "!!", "&& id", "| id", "> /x"];

    private static string Word(Random random)
    {
        var runes = Spiteful.EnumerateRunes().ToArray();
        var text = new StringBuilder();
        for (var i = random.Next(0, 24); i > 0; i--)
        {
            text.Append(runes[random.Next(runes.Length)]);
        }

        return text.ToString();
    }

    /// <summary>The shell gets one string, as the remote login shell does, and prints each argument with a line break.</summary>
    private static string[] ThroughShell(string[] words)
    {
        var start = new ProcessStartInfo("sh") { UseShellExecute = false, RedirectStandardOutput = true, StandardOutputEncoding = new UTF8Encoding(false) };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"printf '%s\\n' {PosixQuoting.Join(words)}");
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output.Split('\n')[..^1];
    }
}
