using System.Text;

namespace Runbooks.Hypervisors.Ssh;

/// <summary>
/// The one place where words become text for a remote POSIX shell. OpenSSH gives the remote login shell one string; each
/// word is put in single quotes, inside which a POSIX shell gives no character a meaning.
/// </summary>
internal static class PosixQuoting
{
    /// <summary>One word in single quotes; a quote in it becomes <c>'\''</c>.</summary>
    /// <exception cref="ArgumentException">
    /// It holds a NUL, which no argument can carry, or a line break, which nothing that we send has a use for.
    /// </exception>
    public static string Quote(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        if (word.AsSpan().IndexOfAny('\0', '\n', '\r') is >= 0 and var at)
        {
            throw new ArgumentException($"Character {at} of a remote argument is a NUL or a line break; refused.", nameof(word));
        }

        return $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";
    }

    /// <summary>Words in single quotes, separated by spaces.</summary>
    /// <exception cref="ArgumentException">As <see cref="Quote"/>.</exception>
    public static string Join(IEnumerable<string> words)
    {
        var text = new StringBuilder();
        foreach (var word in words)
        {
            text.Append(text.Length == 0 ? string.Empty : " ").Append(Quote(word));
        }

        return text.ToString();
    }
}
