using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Runbooks.Workflows.Expressions;

/// <summary>
/// Converts values of definitions, which are often text ("300", "00:05:00", "true"), to the types that activities want.
/// </summary>
public static class ValueConversion
{
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() },
    };

    /// <exception cref="ExpressionException">The value does not fit; the message names the input and what was found.</exception>
    public static T? To<T>(JsonNode? value, string what) => (T?)To(value, typeof(T), what);

    /// <exception cref="ExpressionException">The value does not fit; the message names the input and what was found.</exception>
    public static object? To(JsonNode? value, Type type, string what)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (type.IsAssignableTo(typeof(JsonNode)))
        {
            return value is null || type.IsInstanceOfType(value) ? value : throw Misfit(value, type, what);
        }

        var target = Nullable.GetUnderlyingType(type) ?? type;
        if (value is null || (target != typeof(string) && IsBlank(value)))
        {
            return !type.IsValueType || target != type ? null : Activator.CreateInstance(type);
        }

        try
        {
            return value is JsonValue scalar ? FromScalar(scalar, target) : value.Deserialize(target, Json);
        }
        catch (Exception e) when (e is JsonException or FormatException or OverflowException or InvalidOperationException or NotSupportedException or ArgumentException)
        {
            throw Misfit(value, type, what);
        }
    }

    private static object? FromScalar(JsonValue value, Type target)
    {
        if (target == typeof(string))
        {
            return value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();
        }

        if (target == typeof(object))
        {
            return value;
        }

        if (value.GetValueKind() != JsonValueKind.String)
        {
            return target == typeof(int) && value.GetValueKind() == JsonValueKind.Number
                ? checked((int)Whole(value.Deserialize<decimal>()))
                : value.Deserialize(target, Json);
        }

        var text = value.GetValue<string>();
        return target switch
        {
            _ when target == typeof(bool) => bool.Parse(text),
            _ when target == typeof(int) => int.Parse(text, CultureInfo.InvariantCulture),
            _ when target == typeof(long) => long.Parse(text, CultureInfo.InvariantCulture),
            _ when target == typeof(double) => double.Parse(text, CultureInfo.InvariantCulture),
            _ when target == typeof(decimal) => decimal.Parse(text, CultureInfo.InvariantCulture),
            _ when target == typeof(TimeSpan) => TimeSpan.Parse(text, CultureInfo.InvariantCulture),
            _ when target == typeof(Guid) => Guid.Parse(text),
            _ when target == typeof(DateTimeOffset) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
            _ when target.IsEnum => Enum.Parse(target, text, ignoreCase: true),
            _ => JsonNode.Parse(text).Deserialize(target, Json),
        };
    }

    private static decimal Whole(decimal number) =>
        decimal.Truncate(number) == number ? number : throw new FormatException("not a whole number");

    private static bool IsBlank(JsonNode value) =>
        value is JsonValue v && v.GetValueKind() == JsonValueKind.String && v.GetValue<string>().Length == 0;

    private static ExpressionException Misfit(JsonNode? value, Type type, string what)
    {
        var text = value?.ToJsonString() ?? "null";
        return new ExpressionException($"'{what}' should be {TypeAlias.Describe(type)}; found {(text.Length > 200 ? text[..200] + "…" : text)}.");
    }
}
