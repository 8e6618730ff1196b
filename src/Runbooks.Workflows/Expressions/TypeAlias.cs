namespace Runbooks.Workflows.Expressions;

/// <summary>Elsa's names of types in definitions.</summary>
public static class TypeAlias
{
    private static readonly Dictionary<string, Type> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        ["String"] = typeof(string),
        ["Boolean"] = typeof(bool),
        ["Int16"] = typeof(int),
        ["Int32"] = typeof(int),
        ["Int64"] = typeof(long),
        ["Long"] = typeof(long),
        ["Single"] = typeof(double),
        ["Double"] = typeof(double),
        ["Decimal"] = typeof(decimal),
        ["TimeSpan"] = typeof(TimeSpan),
        ["DateTime"] = typeof(DateTimeOffset),
        ["DateTimeOffset"] = typeof(DateTimeOffset),
        ["Guid"] = typeof(Guid),
        ["Object"] = typeof(System.Text.Json.Nodes.JsonNode),
        ["JSON"] = typeof(System.Text.Json.Nodes.JsonNode),
        ["JsonNode"] = typeof(System.Text.Json.Nodes.JsonNode),
        ["JsonElement"] = typeof(System.Text.Json.Nodes.JsonNode),
        ["JsonObject"] = typeof(System.Text.Json.Nodes.JsonObject),
        ["JsonArray"] = typeof(System.Text.Json.Nodes.JsonArray),
        ["ObjectDictionary"] = typeof(System.Text.Json.Nodes.JsonObject),
        ["StringDictionary"] = typeof(System.Text.Json.Nodes.JsonObject),
    };

    /// <summary>The type behind an alias such as <c>Int32</c>, <c>Int32?</c> or <c>String[]</c>; null when it is unknown.</summary>
    public static Type? Find(string alias, bool isArray = false)
    {
        ArgumentNullException.ThrowIfNull(alias);
        if (alias.EndsWith("[]", StringComparison.Ordinal))
        {
            return Find(alias[..^2], isArray: true);
        }

        var optional = alias.EndsWith('?');
        if (!Known.TryGetValue(optional ? alias[..^1] : alias, out var type))
        {
            return null;
        }

        if (isArray)
        {
            return type.MakeArrayType();
        }

        return optional && type.IsValueType ? typeof(Nullable<>).MakeGenericType(type) : type;
    }

    /// <summary>The alias of a type, for Elsa Studio.</summary>
    public static string Of(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            return Of(inner) + "?";
        }

        if (type.IsArray)
        {
            return Of(type.GetElementType()!) + "[]";
        }

        return type.IsAssignableTo(typeof(System.Text.Json.Nodes.JsonNode)) && type != typeof(System.Text.Json.Nodes.JsonObject) && type != typeof(System.Text.Json.Nodes.JsonArray)
            ? "Object"
            : type.Name;
    }

    /// <summary>A type in words, for messages.</summary>
    internal static string Describe(Type type)
    {
        var target = Nullable.GetUnderlyingType(type) ?? type;
        return target switch
        {
            _ when target == typeof(string) => "a text",
            _ when target == typeof(bool) => "true or false",
            _ when target == typeof(int) || target == typeof(long) => "a whole number",
            _ when target == typeof(double) || target == typeof(decimal) => "a number",
            _ when target == typeof(TimeSpan) => "a time span such as 00:05:00",
            _ when target == typeof(DateTimeOffset) => "a date and time such as 2026-01-31T10:00:00Z",
            _ when target == typeof(Guid) => "a GUID",
            _ when target.IsEnum => "one of " + string.Join(", ", Enum.GetNames(target)),
            _ when target.IsArray => $"a list ({Of(target)})",
            _ => $"a value of type {Of(target)}",
        };
    }
}
