using System.Globalization;
using System.Text;

namespace Runbooks.Hypervisors.Xen.Answers;

/// <summary>A value of a definition: a text or number as text, or a list of them.</summary>
/// <param name="Text">The text; null for a list.</param>
/// <param name="Items">The items; null for a text.</param>
internal sealed record XlValue(string? Text, IReadOnlyList<string>? Items);

/// <summary>
/// A definition in xl's language (xl.cfg): lines of <c>key = value</c>, where a value is a text in quotes, a number, or a
/// list of these in brackets.
/// </summary>
internal sealed class XlConfig
{
    private readonly Dictionary<string, XlValue> values = new(StringComparer.Ordinal);

    private XlConfig()
    {
    }

    /// <summary>The keys, in the order of the text.</summary>
    public IReadOnlyCollection<string> Keys => values.Keys;

    public XlValue? Find(string key) => values.GetValueOrDefault(key);

    public string? Text(string key) => Find(key)?.Text;

    public IReadOnlyList<string> List(string key) => Find(key) switch
    {
        { Items: { } items } => items,
        { Text: { } text } => [text],
        _ => [],
    };

    /// <summary>A whole number from 0; null when there is none.</summary>
    public int? Number(string key) =>
        int.TryParse(Text(key), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>False, with the line and what is wrong there, for a text that xl would not take either.</summary>
    public static bool TryParse(string text, out XlConfig config, out string problem)
    {
        config = new XlConfig();
        var reader = new Reader(text);
        while (reader.SkipToKey())
        {
            if (!reader.TryKey(out var key) || !reader.TryValue(out var value))
            {
                problem = $"line {reader.Line}: {reader.Problem}";
                return false;
            }

            config.values[key] = value;
        }

        problem = string.Empty;
        return true;
    }

    /// <summary>A text as xl reads it back.</summary>
    /// <exception cref="ArgumentException">It holds a line break, or both kinds of quotes: xl has no way to write that.</exception>
    public static string Quote(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.AsSpan().ContainsAny('\n', '\r', '\0') ? throw new ArgumentException("xl's language has no line breaks in texts.", nameof(text))
            : !text.Contains('"', StringComparison.Ordinal) ? $"\"{text}\""
            : !text.Contains('\'', StringComparison.Ordinal) ? $"'{text}'"
            : throw new ArgumentException("xl's language has no text with both kinds of quotes.", nameof(text));
    }

    /// <summary>The fields of an item such as a network card: <c>key=value</c> with commas between them.</summary>
    public static Dictionary<string, string> Fields(string text)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var pair = part.Split('=', 2, StringSplitOptions.TrimEntries);
            fields[pair[0]] = pair.Length > 1 ? pair[1] : string.Empty;
        }

        return fields;
    }

    private sealed class Reader(string text)
    {
        private int at;

        public int Line { get; private set; } = 1;

        public string Problem { get; private set; } = string.Empty;

        private bool AtEnd => at >= text.Length;

        /// <summary>Passes over blanks, comments and separators; false at the end of the text.</summary>
        public bool SkipToKey()
        {
            Skip(static c => char.IsWhiteSpace(c) || c == ';');
            return !AtEnd;
        }

        public bool TryKey(out string key)
        {
            var start = at;
            while (!AtEnd && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '_' or '.' or '-'))
            {
                at++;
            }

            key = text[start..at];
            SkipBlanks();
            if (key.Length == 0 || AtEnd || text[at] != '=')
            {
                return Fail(key.Length == 0 ? $"'{text[start]}' does not begin a key" : $"there is no '=' after '{key}'");
            }

            at++;
            SkipBlanks();
            return true;
        }

        public bool TryValue(out XlValue value)
        {
            value = new XlValue(string.Empty, null);
            if (AtEnd)
            {
                return Fail("there is no value");
            }

            if (text[at] != '[')
            {
                var ok = TryAtom(out var atom);
                value = new XlValue(atom, null);
                return ok;
            }

            at++;
            var items = new List<string>();
            while (true)
            {
                Skip(static c => char.IsWhiteSpace(c) || c == ',');
                if (AtEnd)
                {
                    return Fail("a list has no ']'");
                }

                if (text[at] == ']')
                {
                    at++;
                    value = new XlValue(null, items);
                    return true;
                }

                if (!TryAtom(out var item))
                {
                    return false;
                }

                items.Add(item);
            }
        }

        private bool TryAtom(out string atom)
        {
            atom = string.Empty;
            var quote = text[at];
            if (quote is '"' or '\'')
            {
                var end = text.IndexOf(quote, at + 1);
                if (end < 0 || text.AsSpan(at, end - at).Contains('\n'))
                {
                    return Fail("a text has no closing quote");
                }

                atom = text[(at + 1)..end];
                at = end + 1;
                return true;
            }

            var plain = new StringBuilder();
            while (!AtEnd && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '_' or '.' or '-' or '+'))
            {
                plain.Append(text[at++]);
            }

            atom = plain.ToString();
            return atom.Length > 0 || Fail(AtEnd ? "there is no value" : $"'{text[at]}' does not begin a value");
        }

        private void SkipBlanks() => at += text.AsSpan(at).IndexOfAnyExcept(' ', '\t') is var n and >= 0 ? n : text.Length - at;

        private void Skip(Func<char, bool> blank)
        {
            while (!AtEnd && (blank(text[at]) || text[at] == '#'))
            {
                if (text[at] == '#')
                {
                    at = text.IndexOf('\n', at) is var end and >= 0 ? end : text.Length;
                    continue;
                }

                Line += text[at++] == '\n' ? 1 : 0;
            }
        }

        private bool Fail(string problem)
        {
            Problem = problem;
            return false;
        }
    }
}
