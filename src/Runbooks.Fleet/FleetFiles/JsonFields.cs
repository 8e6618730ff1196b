using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.FleetFiles;

/// <summary>Reads JSON forwards and knows, for every complaint, the line and the field.</summary>
internal ref struct JsonFields
{
    private readonly ReadOnlySpan<byte> text;
    private Utf8JsonReader reader;

    /// <summary>The text that <see cref="Text"/> read last.</summary>
    public string LastText { get; private set; } = string.Empty;

    public JsonFields(ReadOnlySpan<byte> text)
    {
        this.text = text;
        reader = new Utf8JsonReader(text);
    }

    /// <summary>Goes to the next token.</summary>
    public JsonTokenType Next(string field)
    {
        try
        {
            return reader.Read() ? reader.TokenType : throw Wrong(field, "the file ends here.");
        }
        catch (JsonException e)
        {
            throw new FleetFileException((e.LineNumber ?? 0) + 1, field, $"this is not JSON: byte {e.BytePositionInLine ?? 0} of the line. {e.Message.Split(". LineNumber")[0]}.");
        }
    }

    public void Want(JsonTokenType type, string field)
    {
        var found = Next(field);
        if (found != type)
        {
            throw Wrong(field, $"found {found}, wanted {type}.");
        }
    }

    /// <summary>The name of the property at which the reader stands.</summary>
    public readonly string Name => reader.GetString() ?? string.Empty;

    public readonly JsonTokenType Type => reader.TokenType;

    public string Text(string field) => LastText = Next(field) switch
    {
        JsonTokenType.String => reader.GetString() ?? string.Empty,
        JsonTokenType.Null => string.Empty,
        var other => throw Wrong(field, $"found {other}, wanted text."),
    };

    public T OneOf<T>(string field)
        where T : struct, Enum => Enum.TryParse<T>(Text(field), ignoreCase: true, out var value) && Enum.IsDefined(value)
            ? value
            : throw Wrong(field, $"found '{LastText}', wanted one of {string.Join(", ", Enum.GetNames<T>())}.");

    public ImmutableArray<HostName> Hosts(string field)
    {
        var names = ImmutableArray.CreateBuilder<HostName>();
        foreach (var host in Texts(field))
        {
            names.Add(HostName.TryParse(host, out var name) ? name : throw Wrong(field, $"found '{host}', wanted the name of a host."));
        }

        return names.DrainToImmutable();
    }

    /// <summary>A complaint about something that was read before: the line is where the text first occurs as a value.</summary>
    public readonly FleetFileException Unknown(string field, string value, string problem)
    {
        var at = Math.Max(0, text.IndexOf(Encoding.UTF8.GetBytes($"\"{value}\"")));
        return new FleetFileException(1 + text[..at].Count((byte)'\n'), field, problem);
    }

    public double Number(string field, double least = 0)
    {
        if (Next(field) != JsonTokenType.Number)
        {
            throw Wrong(field, $"found {reader.TokenType}, wanted a number.");
        }

        return reader.TryGetDouble(out var value) && double.IsFinite(value) && value >= least
            ? value
            : throw Wrong(field, $"found {Raw()}, wanted a number of at least {least.ToString(CultureInfo.InvariantCulture)}.");
    }

    public int Whole(string field, int least = 0)
    {
        if (Next(field) != JsonTokenType.Number)
        {
            throw Wrong(field, $"found {reader.TokenType}, wanted a whole number.");
        }

        return reader.TryGetInt32(out var value) && value >= least
            ? value
            : throw Wrong(field, $"found {Raw()}, wanted a whole number of at least {least} and below {int.MaxValue}.");
    }

    public ImmutableArray<string> Texts(string field)
    {
        Want(JsonTokenType.StartArray, field);
        var list = ImmutableArray.CreateBuilder<string>();
        while (Next(field) != JsonTokenType.EndArray)
        {
            list.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw Wrong(field, $"found {reader.TokenType}, wanted text."));
        }

        return list.DrainToImmutable();
    }

    /// <summary>Passes over the value that comes next.</summary>
    public void Skip(string field)
    {
        _ = Next(field);
        try
        {
            if (!reader.TrySkip())
            {
                throw Wrong(field, "the file ends here.");
            }
        }
        catch (JsonException e)
        {
            throw new FleetFileException((e.LineNumber ?? 0) + 1, field, "this is not JSON.");
        }
    }

    public readonly FleetFileException Wrong(string field, string problem) =>
        new(1 + text[..(int)Math.Min(text.Length, reader.TokenStartIndex)].Count((byte)'\n'), field, problem);

    private readonly string Raw() => Encoding.UTF8.GetString(reader.ValueSpan);
}
