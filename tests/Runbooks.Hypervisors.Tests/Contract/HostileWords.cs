using System.Text;

namespace Runbooks.Hypervisors.Tests.Contract;

/// <summary>Words that try to break out of a command line, and near misses of them.</summary>
public static class HostileWords
{
    private static readonly string[] Pieces =
    [
        "web", "db-1", "a.b", "x_y", "n+1", "0", "9", "vm", "-", "--", "-c", ".", "..", "/", "\\", "'", "''", "\"", "`id`", "$(id)", "${IFS}", "$HOME", ";", "; reboot",
        "|", "&&", "&", ">", "<", "*", "?", "[a]", "{a,b}", "~", "!", "!!", "#", "=", "%", "^", "@", ":", ",", " ", "\t", "\n", "\r", "\0", "\u001b[31m", "\u007f",
        "é", "ß", "名", "\u202e", "\u200b", "\u00a0", "ﬀ", "\U0001F600", "\ud800", "％", "ı", "K", "١", "@@end", "error:", "--domain",
    ];

    public static IReadOnlyList<string> Some(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => One(random))];
    }

    /// <summary>One word of which most pieces are harmless, so that near misses are tried and not only noise.</summary>
    private static string One(Random random)
    {
        var text = new StringBuilder();
        var harmless = random.Next(3) == 0;
        for (var i = random.Next(1, 6); i > 0; i--)
        {
            text.Append(Pieces[random.Next(harmless ? 8 : Pieces.Length)]);
        }

        return random.Next(50) == 0 ? text.Append('x', random.Next(1, 200)).ToString() : text.ToString();
    }
}
