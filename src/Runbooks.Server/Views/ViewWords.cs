namespace Runbooks.Server.Views;

/// <summary>Words of the API for values of enumerations.</summary>
public static class ViewWords
{
    public static string Of<T>(T value)
        where T : struct, Enum =>
        System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
